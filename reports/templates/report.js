"use strict";
document.addEventListener("click", function (event) {
  const button = event.target.closest(".replay button");
  if (!button) return;
  const text = button.parentElement.querySelector("code").textContent;
  const done = function (word) {
    button.textContent = word;
    setTimeout(function () { button.textContent = "copy"; }, 1500);
  };
  const byHand = function () {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    done(document.execCommand("copy") ? "copied" : "select and copy");
    area.remove();
    button.focus();
  };
  if (navigator.clipboard && window.isSecureContext) {
    navigator.clipboard.writeText(text).then(function () { done("copied"); }, byHand);
  } else {
    byHand();
  }
});
/* The filter hides what does not match; what holds nothing any more goes too. */
const filter = document.querySelector(".filter");
function sift() {
  const words = filter.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const red = filter.elements.red.checked;
  let shown = 0, all = 0;
  document.querySelectorAll("[data-row]").forEach(function (row) {
    const text = row.dataset.row;
    row.hidden = !words.every(function (word) { return text.includes(word); }) ||
      red && row.dataset.state !== "red" && row.dataset.state !== "changed";
    all += 1;
    shown += row.hidden ? 0 : 1;
  });
  document.querySelectorAll("[data-group]").forEach(function (group) {
    group.hidden = !group.querySelector("[data-row]:not([hidden])");
  });
  filter.querySelector("output").textContent =
    words.length || red ? shown + " of " + all + " shown" : "";
}
if (filter) {
  filter.addEventListener("input", sift);
  filter.addEventListener("submit", function (event) { event.preventDefault(); sift(); });
}
/* A link into a closed <details> opens it. */
function reveal() {
  const name = decodeURIComponent(location.hash.slice(1));
  const element = name && document.getElementById(name);
  if (!element) return;
  if (element.tagName === "DETAILS") element.open = true;
  element.scrollIntoView();
}
addEventListener("hashchange", reveal);
addEventListener("beforeprint", function () {
  document.querySelectorAll("details").forEach(function (d) { d.open = true; });
});
reveal();
