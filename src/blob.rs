//! Bytes that stay what they are, wherever they lie: in memory, or in a file that nobody else has a name for.
//!
//! Enters: a vector, or anything that implements [`ReadAt`]. Leaves: a [`Blob`], which is cheap to copy, gives any part of
//! itself, and never needs to be in memory whole: a wheel can have gigabytes. A path is deliberately no way to make one. What
//! is at a path can be replaced between two looks, and the bytes that were verified have to be the bytes that are installed.

use crate::digest::{Hasher, Sha256};
use crate::refusal::Failure;
use std::sync::Arc;

/// Takes bytes, in pieces, and may fail to.
pub type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), Failure> + 'a;

/// Bytes handed on at once: small enough for the second-level cache, so that hashing reads what was just written.
pub const PIECE: usize = 64 << 10;

/// Where bytes lie. An implementation holds that they do not change as long as it exists.
pub trait ReadAt: Send + Sync {
    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// When they are not there or cannot be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Failure>;
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Failure> {
        let start = usize::try_from(offset).ok();
        let found = start.and_then(|start| self.get(start..start.checked_add(buffer.len())?));
        match found {
            Some(found) => {
                buffer.copy_from_slice(found);
                Ok(())
            }
            None => Err(Failure::unable(format!("there are no {} bytes at {offset}", buffer.len()))),
        }
    }
}

/// Bytes of a known length.
#[derive(Clone)]
pub struct Blob {
    source: Arc<dyn ReadAt>,
    start: u64,
    length: u64,
}

impl Blob {
    /// The `length` bytes from `start` on of `source`.
    pub fn new(source: Arc<dyn ReadAt>, start: u64, length: u64) -> Self {
        Self { source, start, length }
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The `length` bytes from `start` on, if they are all there. Nothing is read.
    pub fn part(&self, start: u64, length: u64) -> Option<Self> {
        let end = start.checked_add(length)?;
        (end <= self.length).then(|| Self { source: Arc::clone(&self.source), start: self.start + start, length })
    }

    /// The `length` bytes from `start` on in memory; `None` when they are not all there. The caller bounds `length`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self, start: u64, length: u64) -> Result<Option<Vec<u8>>, Failure> {
        self.part(start, length).map(|part| part.to_vec()).transpose()
    }

    /// All bytes in memory.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn to_vec(&self) -> Result<Vec<u8>, Failure> {
        let length = usize::try_from(self.length)
            .map_err(|_| Failure::unable(format!("{} bytes do not fit into memory", self.length)))?;
        let mut bytes = vec![0; length];
        self.source.read_at(self.start, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills the beginning of `buffer` with what is at `offset`; gives how much that is, 0 at the end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Failure> {
        let rest = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = rest.min(buffer.len());
        if let Some(buffer) = buffer.get_mut(..count).filter(|buffer| !buffer.is_empty()) {
            self.source.read_at(self.start + offset, buffer)?;
        }
        Ok(count)
    }

    /// Hands all bytes to `sink`, in pieces of at most [`PIECE`].
    ///
    /// # Errors
    /// When they cannot be read, or that of the sink.
    pub fn copy(&self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let mut buffer = vec![0; usize::try_from(self.length).unwrap_or(PIECE).min(PIECE)];
        let mut offset = 0;
        loop {
            let count = self.fill(offset, &mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            sink(buffer.get(..count).unwrap_or_default())?;
            offset += count as u64;
        }
    }

    /// The digest of all bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn sha256(&self) -> Result<Sha256, Failure> {
        let mut hasher = Hasher::new();
        self.copy(&mut |piece| {
            hasher.update(piece);
            Ok(())
        })?;
        Ok(hasher.finish())
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Arc::new(bytes))
    }
}

impl From<Arc<Vec<u8>>> for Blob {
    fn from(bytes: Arc<Vec<u8>>) -> Self {
        let length = bytes.len() as u64;
        Self::new(bytes, 0, length)
    }
}

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Blob({} bytes)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_all_there_or_none() {
        let blob = Blob::from(b"0123456789".to_vec());
        assert_eq!(blob.read(2, 3).unwrap().unwrap(), b"234");
        assert_eq!(blob.part(2, 8).unwrap().read(1, 7).unwrap().unwrap(), b"3456789");
        assert!(blob.part(2, 9).is_none() && blob.part(11, 0).is_none() && blob.part(1, u64::MAX).is_none());
        assert!(blob.part(2, 3).unwrap().part(0, 4).is_none(), "a part of a part ends where the part does");
        assert!(blob.part(10, 0).unwrap().is_empty());
    }

    #[test]
    fn pieces_are_the_whole() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let blob = Blob::from(bytes.clone());
            let (mut found, mut longest) = (Vec::new(), 0);
            blob.copy(&mut |piece| {
                longest = longest.max(piece.len());
                found.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
            assert!(found == bytes && longest <= PIECE);
            assert_eq!(blob.sha256().unwrap(), Sha256::of(&bytes));
        }
    }

    #[test]
    fn a_sink_that_fails_is_asked_no_more() {
        let mut asked = 0;
        let result = Blob::from(vec![0; 3 * PIECE]).copy(&mut |_| {
            asked += 1;
            Err(Failure::unable("full"))
        });
        assert!(result.is_err() && asked == 1);
    }
}
