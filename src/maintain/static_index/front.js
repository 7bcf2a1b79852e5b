(function () {
  var box = document.getElementById("search");
  var field = document.getElementById("q");
  var said = document.getElementById("found");
  var rows = Array.prototype.slice.call(document.querySelectorAll("tbody tr"));
  // a name is found however it is spelt
  function plain(text) { return text.toLowerCase().replace(/[._-]+/g, "-"); }
  var texts = rows.map(function (row) { return plain(row.textContent); });
  var asked = 0;
  function show() {
    var words = plain(field.value).split(/\s+/).filter(Boolean);
    var count = 0;
    rows.forEach(function (row, at) {
      var text = texts[at];
      var fits = words.every(function (word) { return text.indexOf(word) >= 0; });
      if (row.hidden === fits) { row.hidden = !fits; }
      if (fits) { count += 1; }
    });
    said.textContent = words.length ? count + " of " + rows.length : "";
  }
  field.addEventListener("input", function () {
    clearTimeout(asked);
    asked = setTimeout(show, rows.length > 2000 ? 150 : 0);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && document.activeElement !== field) { event.preventDefault(); field.focus(); }
  });
  box.hidden = false;
  var url = document.getElementById("url");
  if (url) { url.textContent = new URL("simple/", location.href).href; }
  show();
})();
