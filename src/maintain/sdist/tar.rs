//! The strict reader of tar archives.
//!
//! Enters: the uncompressed stream. Leaves: one [`Member`] after the other, its content, and at the end that nothing
//! follows. What a tar archive says of a member may stand in up to three headers, of two families that know nothing
//! of each other (GNU tar's long names, POSIX's records); which of them wins differs from reader to reader. So one member
//! has headers of one family, no fact twice, and where the member's own header has room for the fact it says the same.
//! Padding is zeros, and the archive ends with two blocks of zeros and more zeros. Deliberately absent: repair,
//! searching for the next header, and what paths mean together (`tree.rs`).

use super::header::{BLOCK, Block, Header, Kind, is_zero};
use super::pax::{self, Records, Scope};
use super::stream::Stream;
use super::{Contents, Member, Sink, What};
use crate::code::Code;
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::wheel::member_path::MemberPath;

/// Bytes handed to a sink at once.
const PIECE: usize = 64 << 10;

/// Reads the members of one archive in order.
pub(super) struct Reader<'a> {
    stream: Stream<'a>,
    limits: &'a Limits,
    /// Content of the last member that has not been read yet, without its padding.
    unread: u64,
    /// Zeros that follow the content of the last member.
    padding: usize,
    members: usize,
}

/// What was said of the next member before its own header.
#[derive(Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: Option<Records>,
}

impl Ahead {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && self.records.is_none()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: Stream<'a>, limits: &'a Limits) -> Self {
        Self { stream, limits, unread: 0, padding: 0, members: 0 }
    }

    /// The next member; `None` when the archive ended as it should. A member that is refused alone goes to `refusals`, and the
    /// one after it is returned.
    ///
    /// # Errors
    /// What is wrong with the archive; nothing further can be read from it.
    pub(super) fn next(&mut self, refusals: &mut Vec<Refusal>) -> Result<Option<Member>, Refusal> {
        let mut ahead = Ahead::default();
        loop {
            self.skip()?;
            let place = self.stream.position();
            let block = self.block()?;
            if is_zero(&block) {
                if !ahead.is_empty() {
                    return Err(Refusal::new(Code::SdistHeader, "the last header is about a member that is not there"));
                }
                if !is_zero(&self.block()?) {
                    return Err(Refusal::new(Code::SdistTrailingData, "one block of zeros stands between two members")
                        .found(format!("at byte {place}"))
                        .hint("some readers end there and others go on"));
                }
                return Ok(None);
            }
            self.members += 1;
            if self.members > self.limits.members {
                return Err(Refusal::new(Code::SdistLimit, "the archive has more members than any that is known")
                    .expected(format!("at most {}", self.limits.members)));
            }
            let header = Header::parse(&block).map_err(|refusal| at(place, refusal))?;
            self.unread = header.size;
            self.padding = padding(header.size);
            if matches!(header.kind, Kind::LongName | Kind::LongLink | Kind::Extended | Kind::Global) {
                let content = self.extension(&header).map_err(|refusal| at(place, refusal))?;
                ahead.add(header.kind, content).map_err(|refusal| at(place, refusal))?;
                continue;
            }
            let ahead = std::mem::take(&mut ahead);
            let header = ahead.merge(header).map_err(|refusal| at(place, refusal))?;
            match member(&header, self.limits) {
                Ok(member) => return Ok(Some(member)),
                Err(refusal) => refusals.push(refusal),
            }
        }
    }

    /// After the last member: that nothing follows.
    ///
    /// # Errors
    /// Something does.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        self.stream.finish()
    }

    /// Passes over what is left of the last member's content, and over its padding.
    fn skip(&mut self) -> Result<(), Refusal> {
        while self.unread > 0 {
            self.piece(&mut [0; 4096])?;
        }
        let mut padding = vec![0; std::mem::take(&mut self.padding)];
        self.exactly(&mut padding)?;
        if is_zero(&padding) {
            Ok(())
        } else {
            Err(Refusal::new(Code::SdistHeader, "the padding after a member is not zeros")
                .found(format!("before byte {}", self.stream.position())))
        }
    }

    /// Reads content into `buffer` as far as there is any, and says how far.
    fn piece(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        let length = usize::try_from(self.unread).unwrap_or(usize::MAX).min(buffer.len());
        self.exactly(buffer.get_mut(..length).unwrap_or_default())?;
        self.unread -= length as u64;
        Ok(length)
    }

    fn block(&mut self) -> Result<Block, Refusal> {
        let mut block = [0; BLOCK];
        self.exactly(&mut block)?;
        Ok(block)
    }

    fn exactly(&mut self, buffer: &mut [u8]) -> Result<(), Refusal> {
        if self.stream.fill(buffer)? == buffer.len() {
            return Ok(());
        }
        Err(Refusal::new(Code::SdistTruncated, "the archive ends too early")
            .expected("members, and then two blocks of zeros")
            .found(format!("the end at byte {}", self.stream.position())))
    }

    /// The content of a header that is about another.
    fn extension(&mut self, header: &Header) -> Result<Vec<u8>, Refusal> {
        if header.size > self.limits.sdist_header_size {
            return Err(Refusal::new(Code::SdistLimit, "it is longer than any that is known")
                .expected(format!("at most {} bytes", self.limits.sdist_header_size))
                .found(format!("{} bytes", header.size)));
        }
        let mut content = vec![0; usize::try_from(header.size).unwrap_or(0)];
        self.piece(&mut content)?;
        Ok(content)
    }
}

impl Contents for Reader<'_> {
    fn copy(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let mut buffer = vec![0; usize::try_from(self.unread).unwrap_or(PIECE).min(PIECE)];
        while self.unread > 0 {
            let length = self.piece(&mut buffer)?;
            sink(buffer.get(..length).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Zeros that fill the last block of `size` bytes.
fn padding(size: u64) -> usize {
    let block = BLOCK as u64;
    usize::try_from((block - size % block) % block).unwrap_or(0)
}

fn at(place: u64, mut refusal: Refusal) -> Refusal {
    refusal.message = format!("the header at byte {place}: {}", refusal.message);
    refusal
}

fn conflict(what: &str) -> Refusal {
    Refusal::new(Code::SdistHeaderConflict, what)
}

fn shown(text: &[u8]) -> String {
    format!("`{}`", String::from_utf8_lossy(text))
}

impl Ahead {
    fn add(&mut self, kind: Kind, content: Vec<u8>) -> Result<(), Refusal> {
        let twice = match kind {
            Kind::LongName => self.name.is_some() || self.records.is_some(),
            Kind::LongLink => self.link.is_some() || self.records.is_some(),
            _ => !self.is_empty(),
        };
        if twice {
            return Err(conflict("it is about a member of which another header has spoken already"));
        }
        match kind {
            Kind::LongName => self.name = Some(long(content)?),
            Kind::LongLink => self.link = Some(long(content)?),
            Kind::Global => drop(pax::parse(&content, Scope::All)?),
            _ => self.records = Some(pax::parse(&content, Scope::Next)?),
        }
        Ok(())
    }

    /// What all headers of a member say together.
    fn merge(self, mut header: Header) -> Result<Header, Refusal> {
        let records = self.records.unwrap_or_default();
        if let Some(size) = records.size.filter(|&size| size != header.size) {
            return Err(conflict("the size is not the one that the header before it says")
                .expected(size.to_string())
                .found(header.size.to_string()));
        }
        if let Some(path) = self.name.or(records.path) {
            let fits = if header.is_short { pax::agrees(&header.name, &path) } else { header.name == path };
            if !fits {
                return Err(conflict("the path is not the one that the header before it says")
                    .expected(shown(&path))
                    .found(shown(&header.name)));
            }
            header.name = path;
        }
        if let Some(link) = self.link.or(records.link) {
            if !matches!(header.kind, Kind::HardLink | Kind::SymbolicLink) {
                return Err(conflict("it is no link, and the header before it says where it leads").found(shown(&link)));
            }
            if !pax::agrees(&header.link, &link) {
                return Err(conflict("the link does not lead where the header before it says")
                    .expected(shown(&link))
                    .found(shown(&header.link)));
            }
            header.link = link;
        }
        Ok(header)
    }
}

/// GNU tar's long name: a text, and the NUL that ends it.
fn long(mut content: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    if content.pop() == Some(0) && !content.is_empty() && !content.contains(&0) {
        return Ok(content);
    }
    Err(Refusal::new(Code::SdistHeader, "its content is not a name and one NUL at the end"))
}

/// The member that a complete header is about.
fn member(header: &Header, limits: &Limits) -> Result<Member, Refusal> {
    let refuse = |code, why: &str| Refusal::new(code, format!("member {} {why}", shown(&header.name)));
    let text =
        std::str::from_utf8(&header.name).map_err(|_| refuse(Code::SdistMemberPath, "has a path that is not UTF-8"))?;
    let path = match text.strip_suffix('/') {
        None => text,
        Some(text) if header.kind == Kind::Directory => text,
        Some(_) => return Err(refuse(Code::SdistHeaderConflict, "is a directory by its name and none by its type")),
    };
    let path = MemberPath::parse(path, limits)
        .map_err(|why| refuse(Code::SdistMemberPath, &format!("has a path that {why}")))?;
    if header.size > limits.member_size {
        return Err(refuse(Code::SdistLimit, "is larger than any that is known")
            .expected(format!("at most {} bytes", limits.member_size))
            .found(format!("{} bytes", header.size)));
    }
    // what a directory has is inherited from the one in which it was made
    if header.special != 0 && header.kind != Kind::Directory {
        return Err(refuse(Code::SdistMemberMode, "has the set-user-ID, set-group-ID or sticky bit")
            .found(format!("mode {:04o}", header.special)));
    }
    let target = || {
        String::from_utf8(header.link.clone())
            .map_err(|_| refuse(Code::SdistLink, "leads to a path that is not UTF-8").found(shown(&header.link)))
    };
    let what = match header.kind {
        Kind::Directory => What::Directory,
        Kind::HardLink => What::HardLink(target()?),
        Kind::SymbolicLink => What::Link(target()?),
        _ => What::File { size: header.size, executable: header.is_executable },
    };
    Ok(Member { path, what })
}
