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
