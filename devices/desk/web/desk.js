// The desk's page: shows the cards, lays the one that is pressed on the antenna, and shows what lies there.

const TAP_MS = 600;
const POLL_MS = 300;
const NOTICE_MS = 4000;

const element = (id) => document.getElementById(id);

let texts = {};
let language = "";
let faces = [];
let state = { on_antenna: null, reader: false, waiting: [] };
let reachable = true;
let noticeTimer = 0;

async function call(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    keepalive: true,
  };
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.problem ?? "failed");
  return answer;
}

function say(key) {
  return texts[language][key] ?? key;
}

function inLanguage(words) {
  return words[language] ?? words.en ?? words.zh ?? Object.values(words)[0] ?? "";
}

function make(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function icon(name) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  drawing.setAttribute("class", `icon ${name}`);
  drawing.append(use);
  return drawing;
}

const EMBLEMS = { bank: "chip", classic: "key", phone: "phone" };

function draw(face) {
  const card = make("span", `card ${face.technology} ${face.design}`);
  const top = make("span", "top");
  top.append(EMBLEMS[face.technology] ? icon(EMBLEMS[face.technology]) : make("span", "kind", say("card")));
  top.append(icon("contactless"));
  const bottom = make("span", "bottom");
  bottom.append(make("span", "holder", inLanguage(face.label)), make("span", "number", face.number));
  card.append(top, bottom);
  return card;
}

function drawShelf(shelf, shown) {
  shelf.replaceChildren(...shown.map((face) => {
    const button = make("button", "slot");
    const caption = make("span", "caption");
    caption.append(make("span", "chip", say(face.technology)), make("span", "note", inLanguage(face.note)));
    button.type = "button";
    button.dataset.name = face.name;
    button.append(draw(face), caption);
    listen(button, face.name);
    return button;
  }));
}

function drawAll() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);
  drawShelf(element("members"), faces.filter((face) => !face.odd));
  drawShelf(element("odd"), faces.filter((face) => face.odd));
  drawState();
}

function drawState() {
  const present = faces.find((face) => face.name === state.on_antenna);
  const spot = element("spot");
  if (spot.dataset.shown !== `${present?.name} ${language}`) {
    spot.dataset.shown = `${present?.name} ${language}`;
    spot.replaceChildren(...(present ? [draw(present)] : []));
  }
  element("antenna").classList.toggle("busy", Boolean(present));
  element("what").textContent = present ? inLanguage(present.label) : say("empty");
  element("hint").textContent = present ? say("present") : say("empty_hint");
  element("remove").hidden = !present;
  element("link").textContent = reachable ? say(state.reader ? "reader_on" : "reader_off") : say("desk_off");
  element("link").className = `link ${reachable && state.reader ? "on" : "off"}`;
  for (const slot of document.querySelectorAll(".slot")) {
    const waits = state.waiting.includes(slot.dataset.name);
    const face = faces.find((each) => each.name === slot.dataset.name);
    slot.classList.toggle("waits", waits);
    slot.classList.toggle("present", slot.dataset.name === state.on_antenna);
    slot.querySelector(".note").textContent = waits ? say("waiting") : inLanguage(face.note);
  }
}

function listen(button, name) {
  let laying = null;
  let pressedAt = 0;

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    pressedAt = performance.now();
    laying = lay(name);
  });

  for (const released of ["pointerup", "pointercancel"]) {
    button.addEventListener(released, async () => {
      const mine = laying;
      laying = null;
      const laid = await mine;
      if (!laid) return;
      await new Promise((done) => setTimeout(done, TAP_MS - (performance.now() - pressedAt)));
      await attempt(() => call("/api/remove", { laid }));
    });
  }

  button.addEventListener("click", (event) => {
    if (event.detail === 0) attempt(() => call("/api/tap", { name }));
  });
}

async function lay(name) {
  const answer = await attempt(() => call("/api/hold", { name }));
  return answer?.laid;
}

async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    notify(texts[language][error.message] ? error.message : "failed");
    return null;
  } finally {
    refresh();
  }
}

function notify(key) {
  const notice = element("notice");
  notice.textContent = say(key);
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { notice.hidden = true; }, NOTICE_MS);
}

async function refresh() {
  try {
    state = await call("/api/state");
    reachable = true;
  } catch {
    reachable = false;
  }
  drawState();
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, POLL_MS);
}

function chooseLanguage(wanted) {
  language = wanted in texts ? wanted : "en";
  localStorage.setItem("language", language);
  drawAll();
}

async function start() {
  [texts, faces] = await Promise.all([call("/texts.json"), call("/api/cards")]);
  element("language").addEventListener("click", () => chooseLanguage(language === "zh" ? "en" : "zh"));
  element("remove").addEventListener("click", () => attempt(() => call("/api/remove", {})));
  const asked = new URLSearchParams(location.search).get("language");
  chooseLanguage(asked ?? localStorage.getItem("language") ?? navigator.language.slice(0, 2));
  poll();
}

start();
