(function () {
  "use strict";
  var get = function (id) { return document.getElementById(id); };
  var all = function (what) { return Array.prototype.slice.call(document.querySelectorAll(what)); };
  var bar = get("find"), words = get("find-words"), action = get("find-action"), result = get("find-result"), count = get("find-count");
  if (!bar) { return; }
  var groups = all("#found details.group, #found .panel"), open = null, timer = 0;
  var rows = all("#found tbody tr").map(function (row) { return { row: row, group: row.closest("details.group, .panel"), text: null }; });
  var fits = function (r, sought) {
    if (action ? action.value ? r.group.id !== action.value : false : false) { return false; }
    if (result ? result.value ? !r.row.classList.contains(result.value) : false : false) { return false; }
    if (r.text === null) { r.text = r.row.textContent.toLowerCase(); }
    return sought.every(function (word) { return r.text.indexOf(word) !== -1; });
  };
  var apply = function () {
    var sought = words.value.toLowerCase().split(/\s+/).filter(Boolean), left = new Map(), shown = 0;
    var on = sought.length > 0 || (action ? action.value !== "" : false) || (result ? result.value !== "" : false);
    rows.forEach(function (r) {
      var there = fits(r, sought);
      r.row.hidden = !there;
      if (there) { shown += 1; left.set(r.group, (left.get(r.group) || 0) + 1); }
    });
    if (on) { open = open || groups.map(function (g) { return g.open; }); }
    groups.forEach(function (g, i) {
      var some = left.get(g) || 0;
      g.hidden = on ? some === 0 : false;
      if (on) { g.open = some > 500 ? open[i] : true; } else if (open) { g.open = open[i]; }
    });
    if (!on) { open = null; }
    count.textContent = on ? shown.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " shown" : "";
  };
  var soon = function () { clearTimeout(timer); timer = setTimeout(apply, 120); };
  var reveal = function () {
    var aim = location.hash.length > 1 ? get(decodeURIComponent(location.hash.slice(1))) : null;
    if (aim ? aim.tagName === "DETAILS" : false) { aim.open = true; }
  };
  words.addEventListener("input", soon);
  [action, result].forEach(function (choice) { if (choice) { choice.addEventListener("change", apply); } });
  addEventListener("hashchange", reveal);
  bar.hidden = false;
  if (words.value) { apply(); }
  reveal();
}());
