"use strict";
// Draws each session's timeline from the list below it, and keeps both in step. The list is complete without this.
// Whatever a client has sent is only ever cloned as nodes or set as text: no markup is made of it here.
(() => {
  const ROWS = { client: 30, server: 56, heartbeat: 82, connection: 122, output: 148 };
  const BAND = [4, 68], FLAGS = { "✕": 116, "↻": 131 };
  const HEIGHT = 182, LEFT = 72, RIGHT = 14, MOST_ZOOM = 4096;

  const numbers = (text) =>
    (text || "").split(";").filter(Boolean).map((part) => part.split(",").map(Number));

  // All of an axis in one unit, with as many places as its steps need.
  const label = (ms, step) => {
    if (step >= 60000) return ms / 60000 + " min";
    return (ms / 1000).toFixed(step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3) + " s";
  };

  class Timeline {
    constructor(root) {
      this.root = root;
      this.scroller = root.querySelector(".scroller");
      this.canvas = root.querySelector("canvas");
      this.sizer = root.querySelector(".sizer");
      this.panel = root.querySelector(".panel");
      this.bars = numbers(root.dataset.deadlines);
      this.connections = numbers(root.dataset.connections);
      this.end = Math.max(Number(root.dataset.end) || 0, 1);
      this.name = root.dataset.session;
      this.items = [...document.getElementById("frames-" + this.name).querySelectorAll("li[data-at]")];
      this.times = this.items.map((item) => Number(item.dataset.at));
      this.zoom = 1;
      this.selected = -1;
      this.scroller.setAttribute("aria-valuemax", String(this.items.length));
      this.listen();
      root.hidden = false;
      this.resize();
      new ResizeObserver(() => this.resize()).observe(this.scroller);
    }

    listen() {
      const draw = () => this.draw();
      this.scroller.addEventListener("scroll", draw, { passive: true });
      this.canvas.addEventListener("pointermove", (event) => this.show(this.nearest(event)));
      this.canvas.addEventListener("pointerleave", () => this.show(this.selected));
      this.canvas.addEventListener("click", (event) => this.select(this.nearest(event)));
      this.scroller.addEventListener("keydown", (event) => this.key(event));
      for (const button of this.root.querySelectorAll("button[data-zoom]")) {
        button.addEventListener("click", () => this.setZoom(this.zoom * Number(button.dataset.zoom)));
      }
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    }

    resize() {
      this.width = this.scroller.clientWidth;
      this.sizer.style.width = this.width * this.zoom + "px";
      const ratio = devicePixelRatio || 1;
      this.canvas.width = Math.round(this.width * ratio);
      this.canvas.height = Math.round(HEIGHT * ratio);
      this.canvas.style.width = this.width + "px";
      this.canvas.style.height = HEIGHT + "px";
      this.ratio = ratio;
      this.draw();
    }

    setZoom(zoom) {
      const middle = this.selected >= 0 ? this.times[this.selected] : this.time(this.width / 2);
      // A zoom of 0 shows everything.
      this.zoom = Math.min(Math.max(zoom, 1), MOST_ZOOM);
      this.sizer.style.width = this.width * this.zoom + "px";
      this.scroller.scrollLeft = this.x(middle) + this.scroller.scrollLeft - this.width / 2;
      this.draw();
    }

    scale() { return (this.width * this.zoom - LEFT - RIGHT) / this.end; }
    x(at) { return LEFT + at * this.scale() - this.scroller.scrollLeft; }
    time(x) { return (x + this.scroller.scrollLeft - LEFT) / this.scale(); }

    /** The first moment that is not before a time. */
    from(time) {
      let low = 0, high = this.times.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.times[middle] < time) low = middle + 1; else high = middle;
      }
      return low;
    }

    nearest(event) {
      const box = this.canvas.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      let best = -1, least = Infinity;
      const reach = 24 / this.scale(), at = this.time(x);
      for (let i = this.from(at - reach); i < this.times.length && this.times[i] <= at + reach; i++) {
        const away = Math.hypot(this.x(this.times[i]) - x, (this.row(this.items[i]) - y) * 0.7);
        if (away < least) { least = away; best = i; }
      }
      return best;
    }

    row(item) { return ROWS[item.dataset.lane] || ROWS.heartbeat; }

    show(index) {
      this.hovered = index;
      this.draw();
      this.panel.replaceChildren();
      const item = this.items[index];
      if (!item) {
        this.panel.textContent = this.panel.dataset.hint;
        return;
      }
      const copy = document.createElement("div");
      copy.className = item.className + " shown";
      for (const child of item.childNodes) copy.append(child.cloneNode(true));
      const link = document.createElement("a");
      link.href = "#" + item.id;
      link.textContent = "Show it in the list";
      this.panel.append(copy, link);
    }

    select(index) {
      if (index < 0 || index >= this.items.length) return;
      this.selected = index;
      const item = this.items[index];
      const x = this.x(this.times[index]);
      if (x < LEFT || x > this.width - RIGHT) this.scroller.scrollLeft += x - this.width / 2;
      this.scroller.setAttribute("aria-valuenow", String(index + 1));
      this.scroller.setAttribute("aria-valuetext", item.textContent.replace(/\s+/g, " ").trim());
      this.show(index);
    }

    key(event) {
      const last = this.items.length - 1;
      const moves = { ArrowRight: this.selected + 1, ArrowDown: this.selected + 1,
        ArrowLeft: Math.max(this.selected - 1, 0), ArrowUp: Math.max(this.selected - 1, 0),
        PageDown: Math.min(this.selected + 20, last), PageUp: Math.max(this.selected - 20, 0),
        Home: 0, End: last };
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key in moves) this.select(Math.min(moves[event.key], last));
      else if (event.key === "+" || event.key === "=") this.setZoom(this.zoom * 2);
      else if (event.key === "-") this.setZoom(this.zoom / 2);
      else if (event.key === "Enter" && this.selected >= 0) location.hash = this.items[this.selected].id;
      else return;
      event.preventDefault();
    }

    draw() {
      const pen = this.canvas.getContext("2d");
      const style = getComputedStyle(this.root);
      const colour = (name) => style.getPropertyValue("--" + name).trim();
      pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      pen.clearRect(0, 0, this.width, HEIGHT);
      pen.font = "11px system-ui, sans-serif";
      this.drawBands(pen, colour);
      this.drawAxis(pen, colour);
      this.drawDeadlines(pen, colour);
      this.drawFlags(pen, colour);
      this.drawMoments(pen, colour);
      // The names of the rows stand over what is scrolled out to the left.
      pen.fillStyle = colour("card");
      pen.fillRect(0, 0, LEFT - 8, HEIGHT);
      pen.fillStyle = colour("soft");
      pen.textAlign = "left";
      for (const [name, y] of Object.entries(ROWS)) pen.fillText(name, 2, y + 4);
    }

    drawBands(pen, colour) {
      const [top, bottom] = BAND;
      pen.textAlign = "left";
      for (const [from, to, , id] of this.connections) {
        const left = this.x(from), right = this.x(to);
        if (right < 0 || left > this.width) continue;
        pen.fillStyle = colour("band");
        pen.fillRect(left, top, Math.max(right - left, 1), bottom - top);
        // The number stays in sight as long as its band is; a band without room for it goes without.
        const name = "#" + id, at = Math.max(left, LEFT - 6) + 4;
        pen.fillStyle = colour("soft");
        if (at + pen.measureText(name).width < right) pen.fillText(name, at, top + 11);
      }
    }

    // Where a connection was made anew, and where one was lost: one above the other, as they may come at once.
    drawFlags(pen, colour) {
      pen.textAlign = "center";
      this.connections.forEach(([from, to, dropped], nth) => {
        if (nth > 0) this.flag(pen, this.x(from), "↻", colour("good"));
        if (dropped) this.flag(pen, this.x(to), "✕", colour("bad"));
      });
    }

    flag(pen, x, sign, colour) {
      if (x < 0 || x > this.width) return;
      pen.strokeStyle = pen.fillStyle = colour;
      pen.beginPath();
      pen.moveTo(x, BAND[0]);
      pen.lineTo(x, FLAGS[sign] - 11);
      pen.stroke();
      pen.font = "bold 13px system-ui, sans-serif";
      pen.fillText(sign, x, FLAGS[sign]);
      pen.font = "11px system-ui, sans-serif";
    }

    // What is left until the deadline, as a bar that shrinks from full to nothing.
    drawDeadlines(pen, colour) {
      const bottom = ROWS.heartbeat + 22;
      for (const [from, due, to] of this.bars) {
        const right = this.x(to);
        if (right < 0 || this.x(from) > this.width) continue;
        // The last fifth is a warning.
        const late = due - (due - from) / 5;
        this.shrink(pen, [from, due], [from, Math.min(to, late)], colour("bar"));
        this.shrink(pen, [from, due], [late, Math.min(to, due)], colour("warn"));
        if (to > due) {
          pen.fillStyle = colour("bad");
          pen.fillRect(this.x(due), bottom - 5, Math.max(right - this.x(due), 1), 5);
        }
      }
    }

    shrink(pen, [whole, due], [from, to], colour) {
      if (to <= from) return;
      const bottom = ROWS.heartbeat + 22, full = 26;
      const height = (at) => (full * (due - at)) / (due - whole);
      pen.fillStyle = colour;
      pen.beginPath();
      pen.moveTo(this.x(from), bottom);
      pen.lineTo(this.x(from), bottom - height(from));
      pen.lineTo(this.x(to), bottom - height(to));
      pen.lineTo(this.x(to), bottom);
      pen.fill();
    }

    drawAxis(pen, colour) {
      const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000];
      const step = steps.find((ms) => ms * this.scale() >= 70) || 1800000;
      pen.fillStyle = colour("soft");
      pen.strokeStyle = colour("line");
      pen.textAlign = "center";
      const first = Math.max(Math.floor(this.time(0) / step), 0) * step;
      for (let at = first; at <= this.end && this.x(at) <= this.width; at += step) {
        const x = this.x(at);
        // What is scrolled out to the left would be half hidden by the names of the rows.
        if (x < LEFT - 6) continue;
        pen.beginPath();
        pen.moveTo(x, BAND[0]);
        pen.lineTo(x, HEIGHT - 20);
        pen.stroke();
        const text = label(at, step), half = pen.measureText(text).width / 2;
        pen.fillText(text, Math.min(Math.max(x, LEFT - 6 + half), this.width - half), HEIGHT - 6);
      }
    }

    drawMoments(pen, colour) {
      const last = this.from(this.time(this.width + 8));
      const colours = { client: colour("link"), server: colour("soft"), heartbeat: colour("line"), output: colour("soft") };
      for (let i = this.from(this.time(-8)); i < last; i++) {
        const { lane, kind } = this.items[i].dataset;
        const y = this.row(this.items[i]), x = this.x(this.times[i]);
        if (kind === "note") continue;
        pen.fillStyle = kind === "fault" || kind === "stderr" ? colour("bad") : kind === "beat" ? colour("good") : colours[lane];
        const tall = kind === "fault" ? 11 : lane === "output" ? 4 : 7;
        pen.fillRect(x - (kind === "fault" ? 2 : 1), y - tall, kind === "fault" ? 4 : 2, 2 * tall);
      }
      for (const index of [this.hovered, this.selected]) {
        const item = this.items[index];
        if (!item) continue;
        pen.strokeStyle = colour("text");
        pen.lineWidth = 2;
        pen.strokeRect(this.x(this.times[index]) - 5, this.row(item) - 13, 10, 26);
        pen.lineWidth = 1;
      }
    }
  }

  const timelines = [];
  for (const root of document.querySelectorAll(".timeline")) {
    // Drawn when it is first seen: a report has many sessions, a reader looks at one.
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      timelineOf(root);
    }, { rootMargin: "200px" }).observe(root.parentElement);
  }

  function timelineOf(root) {
    let found = timelines.find((one) => one.root === root);
    if (!found) timelines.push(found = new Timeline(root));
    return found;
  }

  // A link to a frame opens its list, moves the focus there, and selects it in the timeline.
  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let up = target; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "center" });
    const root = target.closest("section")?.querySelector(".timeline");
    if (!root || !target.dataset.at) return;
    const timeline = timelineOf(root);
    timeline.select(timeline.items.indexOf(target));
  }
  addEventListener("hashchange", follow);
  // A second click on the same link changes no hash.
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) follow();
  });
  follow();
})();
