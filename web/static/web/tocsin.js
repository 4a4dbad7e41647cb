// Tocsin's own script: live updates, times that stay true, small comforts. Every page works without it.
"use strict";

(() => {
  const root = document.documentElement;
  const STALE_AFTER = 8000; // the server is heard every 3 s while live updates work
  const POLL_EVERY = 5000;
  const hasSocket = Boolean(root.dataset.socket);
  const serverAhead = Date.parse(root.dataset.now) - Date.now();

  // ---------- times ----------

  function amount(seconds) {
    if (seconds < 45) return "";
    if (seconds < 59.5 * 60) return `${Math.max(1, Math.round(seconds / 60))} min`;
    if (seconds < 23.5 * 3600) return `${Math.round(seconds / 3600)} h`;
    const days = Math.round(seconds / 86400);
    return `${days} day${days === 1 ? "" : "s"}`;
  }

  function relative(moment) {
    const seconds = (moment - Date.now() - serverAhead) / 1000;
    const words = amount(Math.abs(seconds));
    if (!words) return seconds <= 0 ? "just now" : "in a moment";
    return seconds > 0 ? `in ${words}` : `${words} ago`;
  }

  function tellTimes() {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const words = relative(Date.parse(time.dateTime));
      if (time.textContent !== words) time.textContent = words;
    }
  }

  // ---------- live updates: a frame says what changed, the element refetches itself ----------

  const refreshed = new Map(); // id of an element -> when it last asked
  let heardAt = Date.now(); // pages begin in good faith
  let polledAt = Date.now();
  let isUnreachable = false;
  let socket = null;
  let openedAt = 0;
  let wait = 1000;

  function refresh({ id }) {
    if (document.hidden) return;
    const since = Date.now() - (refreshed.get(id) ?? 0);
    if (since < 0) return; // one is planned already
    const delay = Math.max(0, 400 - since); // a storm costs at most two requests a second
    refreshed.set(id, Date.now() + delay);
    setTimeout(() => look(id), delay); // by its id: an answer puts another element in its place
  }

  // Answers may not cross: a look that was taken before a button was pressed would undo what its answer shows, and one
  // that is asked for while another is under way would be lost with the element it replaces.
  const PATIENCE = 10000;
  const looking = new Map(); // id of an element -> when it asked
  const lookAgain = new Set();
  let pressedAt = 0; // 0: no button's answer is awaited
  let presses = 0;
  const awaited = new Set(); // of these
  const isRecent = (moment) => Date.now() - (moment ?? 0) < PATIENCE;

  function look(id) {
    if (isHeld || isRecent(pressedAt) || isRecent(looking.get(id))) lookAgain.add(id);
    else if (document.getElementById(id)) window.htmx.trigger(`#${id}`, "refresh");
  }

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const { requestConfig: { elt, verb }, xhr } = detail;
    const isLook = verb === "get";
    if (isLook && !elt.dataset.live) return;
    if (isLook) looking.set(elt.id, Date.now());
    else {
      pressedAt = Date.now();
      presses += 1;
      awaited.add(xhr);
    }
    const { onload } = xhr;
    const before = presses;
    const show = () => {
      if (isLook && presses !== before) {
        Object.defineProperty(xhr, "status", { value: 204 }); // no news
        lookAgain.add(elt.id);
      }
      // Of two buttons pressed at once the first answer has put another element where the second's belongs.
      if (!detail.target.isConnected) detail.target = document.getElementById(detail.target.id) ?? detail.target;
      onload.call(xhr);
    };
    xhr.onload = () => (isHeld ? answers.push(show) : show());
    xhr.addEventListener("loadend", () => { // htmx's own event is lost where its element is
      if (isLook) looking.delete(elt.id);
      else if (awaited.delete(xhr) && !awaited.size) pressedAt = 0;
      catchUp();
    });
  });

  function catchUp() {
    for (const id of lookAgain) if (!isHeld && !isRecent(pressedAt) && !isRecent(looking.get(id))) {
      lookAgain.delete(id);
      refresh({ id });
    }
  }

  // A button that is replaced between press and release is never clicked: what is new waits until the finger is up.
  const down = new Set(); // fingers, mouse buttons, the space bar
  const answers = []; // what came meanwhile
  let isHeld = false;
  let letGo;

  function hold(what) {
    down.add(what);
    isHeld = true;
    clearTimeout(letGo);
    letGo = setTimeout(free, PATIENCE); // of some releases nobody hears: a menu has swallowed them
  }

  function release(what) {
    if (!down.delete(what) || down.size) return;
    clearTimeout(letGo);
    letGo = setTimeout(free, 100); // the click comes first
  }

  function free() {
    clearTimeout(letGo);
    down.clear();
    isHeld = false;
    for (const show of answers.splice(0)) show();
    catchUp();
  }

  document.addEventListener("pointerdown", ({ pointerId }) => hold(pointerId), true);
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, ({ pointerId }) => release(pointerId), true);
  document.addEventListener("keydown", ({ key, repeat }) => key === " " && !repeat && hold(key), true);
  document.addEventListener("keyup", ({ key }) => release(key), true);
  addEventListener("blur", free);

  const refreshAll = () => document.querySelectorAll("[data-live]").forEach(refresh);

  function hear(frame) {
    heardAt = Date.now();
    if (frame.kind === "incidents") return refreshAll();
    if (frame.kind !== "incident" && frame.kind !== "entry") return undefined;
    for (const element of document.querySelectorAll("[data-live]")) {
      const isList = element.dataset.live === "incidents";
      const shown = frame.kind === "entry" ? element.dataset.entry : element.dataset.version;
      const isNews = element.dataset.live === `incident-${frame.id}` && Number(shown) < frame.version;
      if (isList || isNews) refresh(element);
    }
    return undefined;
  }

  function connect() {
    const address = new URL(root.dataset.socket, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const mine = (socket = new WebSocket(address));
    openedAt = Date.now();
    mine.onmessage = (event) => {
      if (wait > 1000) refreshAll(); // what was missed meanwhile
      wait = 1000;
      hear(JSON.parse(event.data));
    };
    mine.onclose = () => {
      if (mine !== socket) return;
      socket = null;
      setTimeout(connect, wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, 8000);
    };
  }

  function watch() {
    const isLive = hasSocket && Date.now() - heardAt < STALE_AFTER;
    const isMute = socket?.readyState === WebSocket.OPEN && Date.now() - openedAt > STALE_AFTER;
    if (!isLive && isMute) socket.close(); // it is open but nothing comes: a new one
    const pollEvery = isLive ? 1000 * Number(document.querySelector("[data-poll]")?.dataset.poll || 0) : POLL_EVERY;
    if (pollEvery && Date.now() - polledAt >= pollEvery) {
      polledAt = Date.now();
      refreshAll();
    }
    show(isLive);
  }

  function show(isLive) {
    const pulse = document.querySelector("[data-pulse]");
    if (pulse) {
      pulse.dataset.state = isLive && !isUnreachable ? "live" : "paused";
      pulse.firstElementChild.textContent = isLive ? "Live" : hasSocket ? "Updates paused" : "Refreshes itself";
    }
    const banner = document.getElementById("paused");
    if (!banner) return;
    banner.hidden = (isLive || !hasSocket) && !isUnreachable;
    const words = isUnreachable
      ? "Tocsin cannot be reached. What you see may be out of date."
      : "Live updates are paused. This page refreshes itself every few seconds.";
    if (!banner.hidden && banner.lastElementChild.textContent !== words) banner.lastElementChild.textContent = words;
  }

  // ---------- small comforts ----------

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-eager]");
    if (form && event.target.type !== "search") form.requestSubmit();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { successful, xhr, elt } = event.detail;
    isUnreachable = !xhr.status;
    if (xhr.status === 401) location.reload(); // signed out meanwhile: the page itself leads to signing in
    if (successful && elt.matches("form[data-clear]")) elt.reset();
    if (successful && elt.matches(".more form")) elt.closest("details").open = false;
  });

  // A button that goes with what it did leaves the keyboard in the page, not at its top.
  const unfolded = new Map(); // what the reader has opened stays open
  let lastRow = null;
  document.addEventListener("focusin", (event) => {
    lastRow = event.target.closest("article[id], header[id]")?.id ?? null;
  });
  document.addEventListener("htmx:beforeSwap", () => {
    for (const details of document.querySelectorAll("details[id]")) unfolded.set(details.id, details.open);
  });
  document.addEventListener("htmx:afterSettle", () => {
    tellTimes();
    for (const details of document.querySelectorAll("details[id]")) details.open = unfolded.get(details.id) ?? details.open;
    if (document.activeElement !== document.body || !lastRow) return;
    document.getElementById(lastRow)?.querySelector("a, button")?.focus({ preventScroll: true });
  });

  document.addEventListener("visibilitychange", () => document.hidden || refreshAll());
  addEventListener("pageshow", (event) => event.persisted && refreshAll());
  setInterval(tellTimes, 15000);
  if (document.querySelector("[data-live]")) {
    if (hasSocket) connect();
    setInterval(watch, 1000);
  }
})();
