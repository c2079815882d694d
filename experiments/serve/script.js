// Keeps a page up to date. The page is asked for again every few seconds; the server
// answers in full only where it has changed, and then the parts that differ are replaced.
// What the reader has ticked, unfolded and focused stays.
"use strict";

const main = document.querySelector("main");
const lost = document.getElementById("lost");
let tag = "";

// keep gives a new part the state that the reader has given the page.
function keep(now) {
  for (const box of now.querySelectorAll("input[type=checkbox]")) {
    const old = document.getElementById(box.id);
    if (old && old.checked) box.checked = true;
  }
  for (const details of now.querySelectorAll("details[id]")) {
    const old = document.getElementById(details.id);
    if (old) details.open = old.open;
  }
}

// replace puts a part of the new page in the place of the old one, if it differs.
function replace(before, now) {
  keep(now);
  if (before.isEqualNode(now)) return;
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const link = focused && focused.getAttribute("href");
  before.replaceWith(now);
  const again = focused && (document.getElementById(focused.id) || (link && now.querySelector(`a[href="${CSS.escape(link)}"]`)));
  if (again) again.focus({preventScroll: true});
}

// look asks for the page again.
async function look() {
  try {
    const answer = await fetch(location.href, {cache: "no-store", headers: tag ? {"If-None-Match": tag} : {}});
    lost.hidden = true;
    if (answer.status === 304) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    tag = answer.headers.get("ETag") || "";
    const now = page.querySelector("main");
    if (!now) return;
    main.dataset.every = now.dataset.every;
    document.title = page.title;
    if (!answer.ok) { // the run was removed
      main.replaceChildren(...now.childNodes);
      return;
    }
    for (const before of main.querySelectorAll("[data-part]")) {
      const now = page.getElementById(before.id);
      if (now) replace(before, now);
    }
    count();
  } catch {
    lost.hidden = false;
  }
}

// count allows to compare where two runs or more are ticked.
function count() {
  const button = document.getElementById("compare");
  if (button) button.disabled = main.querySelectorAll("input[name=run]:checked").length < 2;
}

// wait looks again and again, but not while nobody sees the page.
async function wait() {
  const seconds = Number(main.dataset.every);
  if (!seconds) return;
  await new Promise(resolve => setTimeout(resolve, seconds * 1000));
  if (!document.hidden) await look();
  wait();
}

document.addEventListener("change", count);
document.addEventListener("visibilitychange", () => { if (!document.hidden && Number(main.dataset.every)) look(); });
count();
wait();
