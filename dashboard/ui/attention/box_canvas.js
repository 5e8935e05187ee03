// Boxes on an image: drawn by dragging, moved and resized by their handles, by mouse, pen, finger or keys.
//
// Edges are whole pixels of the image itself, whatever size it is shown at. Each change is handed over at once, numbered,
// with what it began from, so that the server can merge it with another window's; what it keeps comes back with the
// number of the last change it has. Nothing here knows a language.

const REACH = 9 // pixels of the screen from the pointer to a handle
const TOUCH_REACH = 20
const LEAST = 4 // pixels of the screen that a drag needs to be one
const REST = 350 // milliseconds after the last key until a change is handed over
const SIDES = [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]]
const CURSORS = ["nwse-resize", "ns-resize", "nesw-resize", "ew-resize", "nwse-resize", "ns-resize", "nesw-resize", "ew-resize"]

const canvases = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const canvas = canvases.get(parentElement) ?? new Canvas(parentElement)
  canvases.set(parentElement, canvas)
  canvas.send = (change) => setTriggerValue("change", change)
  canvas.load(data)
  return () => {
    canvas.end()
    canvases.delete(parentElement)
  }
}

const same = (a, b) => a.part === b.part && a.edges.every((edge, i) => edge === b.edges[i])
const copy = (boxes) => boxes.map(({ part, edges }) => ({ part, edges: [...edges] }))
const between = (value, low, high) => Math.min(Math.max(value, low), high)

class Canvas {
  constructor(root) {
    this.root = root.querySelector(".boxes")
    this.stage = root.querySelector(".stage")
    this.photo = root.querySelector(".photo")
    this.ink = root.querySelector(".ink")
    this.status = root.querySelector(".status")
    this.pointers = new Map()
    this.pending = []
    this.number = 0
    this.boxes = []
    this.base = []
    this.chosen = -1
    this.scale = 1
    this.offset = [0, 0]
    this.listen()
    this.observer = new ResizeObserver(() => this.home())
    this.observer.observe(this.stage)
  }

  load(data) {
    const other = this.data?.sample !== data.sample
    if (other && this.data) this.handOver()
    this.number = Math.max(this.number, data.number)
    this.pending = this.pending.filter((change) => change.number > data.number)
    const before = this.data
    this.data = data
    if (other || before?.image !== data.image) this.photo.src = data.image
    if (other) {
      this.chosen = -1
      this.drag = null
      this.stage.style.aspectRatio = `${data.width} / ${data.height}`
      this.photo.style.width = `${data.width}px`
      this.photo.style.height = `${data.height}px`
    }
    // What was changed since is not known to the server yet: it comes back with the next answer.
    const waits = this.pending.some((change) => change.sample === data.sample) || this.timer
    if (!this.drag && !waits) {
      const kept = this.boxes[this.chosen]
      this.boxes = copy(data.boxes)
      this.base = copy(data.boxes)
      this.chosen = kept ? this.boxes.findIndex((box) => same(box, kept)) : -1
    }
    this.words()
    if (other) this.home()
    this.draw()
  }

  words() {
    const { words, alt } = this.data
    this.stage.setAttribute("aria-label", alt)
    for (const button of this.root.querySelectorAll("[data-word]")) {
      button.title = button.ariaLabel = words[button.dataset.word]
      const span = button.querySelector("span")
      if (span) span.textContent = words[button.dataset.word]
    }
  }

  sides() {
    return [Math.max(this.stage.clientWidth, 20), Math.max(this.stage.clientHeight, 20)]
  }

  home() {
    if (!this.data) return
    const [width, height] = this.sides()
    this.scale = Math.min(width / this.data.width, height / this.data.height)
    this.offset = [(width - this.data.width * this.scale) / 2, (height - this.data.height * this.scale) / 2]
    this.draw()
  }

  zoom(factor, [x, y]) {
    const [width, height] = this.sides()
    const least = Math.min(width / this.data.width, height / this.data.height)
    const scale = between(this.scale * factor, least, Math.max(40, least))
    const ratio = scale / this.scale
    this.scale = scale
    this.offset = [x - (x - this.offset[0]) * ratio, y - (y - this.offset[1]) * ratio]
    this.shift(0, 0)
  }

  // The image covers the stage, or lies in its middle.
  shift(x, y) {
    const sides = this.sides()
    const lengths = [this.data.width * this.scale, this.data.height * this.scale]
    this.offset = [x, y].map((by, i) => {
      const room = sides[i] - lengths[i]
      return room > 0 ? room / 2 : between(this.offset[i] + by, room, 0)
    })
    this.draw()
  }

  toImage([x, y]) {
    const { width, height } = this.data
    return [between((x - this.offset[0]) / this.scale, 0, width), between((y - this.offset[1]) / this.scale, 0, height)]
  }

  toScreen(x, y) {
    return [x * this.scale + this.offset[0], y * this.scale + this.offset[1]]
  }

  draw() {
    if (!this.data) return
    this.photo.style.transform = `translate(${this.offset[0]}px, ${this.offset[1]}px) scale(${this.scale})`
    this.photo.classList.toggle("near", this.scale > 3)
    const parts = []
    for (const box of this.data.proposals) parts.push(...this.shape(box, "proposed"))
    this.boxes.forEach((box, i) => i === this.chosen || parts.push(...this.shape(box, "")))
    const chosen = this.boxes[this.chosen]
    if (chosen) parts.push(...this.shape(chosen, "chosen"), ...this.handles(chosen).map(([x, y]) => square(x, y)))
    if (this.drag?.fresh) parts.push(...this.shape(this.drag.fresh, "chosen"))
    this.ink.replaceChildren(...parts)
    const shown = this.drag?.fresh ?? chosen
    this.status.textContent = shown ? `${shown.part}: ${shown.edges.slice(0, 2).join(", ")} – ${shown.edges.slice(2).join(", ")}` : this.data.words.hint
    this.root.querySelector("[data-act=delete]").disabled = !chosen
    this.stage.dataset.boxes = this.boxes.length
    this.stage.dataset.sample = this.data.sample
    this.stage.dataset.saved = String(!this.pending.length && !this.timer && !this.drag)
    this.stage.dataset.view = [this.scale, ...this.offset].join(" ")
  }

  shape({ part, edges }, kind) {
    const [left, top] = this.toScreen(edges[0], edges[1])
    const [right, bottom] = this.toScreen(edges[2], edges[3])
    const place = { x: left, y: top, width: Math.max(right - left, 1), height: Math.max(bottom - top, 1) }
    const colour = this.data.colours[part] ?? "#ffffff"
    const label = element("text", { x: left, y: top > 18 ? top - 5 : bottom + 14 })
    label.textContent = kind === "proposed" ? `${part} ?` : part
    return [
      element("rect", { ...place, class: `halo ${kind}` }),
      element("rect", { ...place, class: `line ${kind}`, stroke: colour }),
      label,
    ]
  }

  handles({ edges }) {
    const [left, top] = this.toScreen(edges[0], edges[1])
    const [right, bottom] = this.toScreen(edges[2], edges[3])
    const across = { "-1": left, 0: (left + right) / 2, 1: right }
    const down = { "-1": top, 0: (top + bottom) / 2, 1: bottom }
    return SIDES.map(([x, y]) => [across[x], down[y]])
  }

  handleAt(at, touch) {
    const box = this.boxes[this.chosen]
    if (!box) return -1
    const reach = touch ? TOUCH_REACH : REACH
    const distances = this.handles(box).map(([x, y]) => Math.max(Math.abs(x - at[0]), Math.abs(y - at[1])))
    const nearest = distances.indexOf(Math.min(...distances))
    return distances[nearest] <= reach ? nearest : -1
  }

  boxAt(at) {
    const [x, y] = this.toImage(at)
    const hits = this.boxes.map(({ edges: [l, t, r, b] }, i) => [x >= l && x <= r && y >= t && y <= b, (r - l) * (b - t), i])
    const inside = hits.filter(([hit]) => hit).sort((a, b) => a[1] - b[1])
    return inside.length ? inside[0][2] : -1
  }

  begin(at, touch) {
    const handle = this.handleAt(at, touch)
    const under = this.boxAt(at)
    const box = this.boxes[this.chosen]
    const before = copy(this.boxes)
    if (handle >= 0) this.drag = { kind: "resize", side: SIDES[handle], edges: [...box.edges], from: at, before }
    else if (under >= 0 && under === this.chosen) this.drag = { kind: "move", edges: [...box.edges], from: at, before }
    else this.drag = { kind: "draw", from: at, under, before }
  }

  follow(at) {
    const { drag } = this
    const { width, height } = this.data
    const far = Math.max(Math.abs(at[0] - drag.from[0]), Math.abs(at[1] - drag.from[1]))
    drag.moved ||= far >= LEAST
    if (!drag.moved) return
    const by = [(at[0] - drag.from[0]) / this.scale, (at[1] - drag.from[1]) / this.scale].map(Math.round)
    if (drag.kind === "draw") {
      const [a, b] = [this.toImage(drag.from), this.toImage(at)]
      const edges = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])].map(Math.round)
      drag.fresh = edges[0] < edges[2] && edges[1] < edges[3] ? { part: this.data.part, edges } : null
    } else if (drag.kind === "move") {
      this.boxes[this.chosen].edges = moved(drag.edges, by, width, height)
    } else {
      const edges = [...drag.edges]
      const [x, y] = drag.side
      if (x < 0) edges[0] = between(edges[0] + by[0], 0, edges[2] - 1)
      if (x > 0) edges[2] = between(edges[2] + by[0], edges[0] + 1, width)
      if (y < 0) edges[1] = between(edges[1] + by[1], 0, edges[3] - 1)
      if (y > 0) edges[3] = between(edges[3] + by[1], edges[1] + 1, height)
      this.boxes[this.chosen].edges = edges
    }
    this.draw()
  }

  finish(cancelled) {
    const { drag } = this
    this.drag = null
    if (!drag) return
    if (cancelled) this.boxes = drag.before
    else if (drag.kind === "draw" && drag.fresh) {
      this.boxes.push(drag.fresh)
      this.chosen = this.boxes.length - 1
    } else if (drag.kind === "draw") this.chosen = drag.under
    this.handOver()
    this.draw()
  }

  // Hand over what changed since the last time; all that the server may not have yet goes along, in order.
  handOver() {
    clearTimeout(this.timer)
    this.timer = null
    const unchanged = this.boxes.length === this.base.length && this.boxes.every((box, i) => same(box, this.base[i]))
    if (unchanged || !this.data) return
    this.number += 1
    this.pending.push({ number: this.number, sample: this.data.sample, before: this.base, boxes: copy(this.boxes) })
    this.base = copy(this.boxes)
    this.send({ changes: this.pending })
  }

  handOverSoon() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.handOver()
      this.draw()
    }, REST)
  }

  remove() {
    if (!this.boxes[this.chosen]) return
    this.boxes.splice(this.chosen, 1)
    this.chosen = -1
    this.handOver()
    this.draw()
  }

  key(event) {
    const box = this.boxes[this.chosen]
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    const step = Math.max(1, Math.round(1 / this.scale))
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (arrows[event.key] && box) {
      const by = arrows[event.key].map((way) => way * step)
      const { width, height } = this.data
      const [left, top, right, bottom] = box.edges
      box.edges = event.shiftKey
        ? [left, top, between(right + by[0], left + 1, width), between(bottom + by[1], top + 1, height)]
        : moved(box.edges, by, width, height)
      this.handOverSoon()
    } else if (event.key === " " && this.boxes.length) this.chosen = (this.chosen + 1) % this.boxes.length
    else if ((event.key === "Delete" || event.key === "Backspace") && box) this.remove()
    else if (event.key === "Escape") this.drag ? this.finish(true) : (this.chosen = -1)
    else if (event.key === "+" || event.key === "=") this.zoom(1.4, this.middle())
    else if (event.key === "-") this.zoom(1 / 1.4, this.middle())
    else if (event.key === "0") this.home()
    else return
    event.preventDefault()
    event.stopPropagation()
    this.draw()
  }

  middle() {
    return this.sides().map((side) => side / 2)
  }

  listen() {
    const { stage } = this
    const at = (event) => {
      const frame = stage.getBoundingClientRect()
      return [event.clientX - frame.left, event.clientY - frame.top]
    }
    stage.onpointerdown = (event) => {
      if (event.button) return
      stage.setPointerCapture(event.pointerId)
      this.pointers.set(event.pointerId, at(event))
      if (this.pointers.size === 1) this.begin(at(event), event.pointerType === "touch")
      else if (this.drag) {
        // A second finger zooms: what the first began was no box.
        this.boxes = this.drag.before
        this.drag = null
        this.draw()
      }
    }
    stage.onpointermove = (event) => {
      const from = this.pointers.get(event.pointerId)
      if (!from) return this.point(at(event))
      if (this.pointers.size === 2) this.pinch(event.pointerId, at(event))
      else if (this.drag) this.follow(at(event))
      this.pointers.set(event.pointerId, at(event))
    }
    stage.onpointerup = stage.onpointercancel = (event) => {
      if (!this.pointers.delete(event.pointerId) || this.pointers.size) return
      this.finish(event.type === "pointercancel")
    }
    stage.onwheel = (event) => {
      event.preventDefault()
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), at(event))
    }
    stage.onkeydown = (event) => this.key(event)
    stage.onblur = () => this.timer && this.handOver()
    const acts = {
      in: () => this.zoom(1.6, this.middle()),
      out: () => this.zoom(1 / 1.6, this.middle()),
      home: () => this.home(),
      delete: () => this.remove(),
    }
    for (const button of this.root.querySelectorAll("[data-act]")) button.onclick = acts[button.dataset.act]
  }

  point(at) {
    if (!this.data) return
    const handle = this.handleAt(at, false)
    const own = this.chosen >= 0 && this.boxAt(at) === this.chosen
    this.stage.style.cursor = handle >= 0 ? CURSORS[handle] : own ? "move" : "crosshair"
  }

  pinch(id, to) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, place]) => place)
    const from = this.pointers.get(id)
    const spread = (a, b) => Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1)
    const middle = [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2]
    this.zoom(spread(to, other) / spread(from, other), middle)
    this.shift((to[0] - from[0]) / 2, (to[1] - from[1]) / 2)
  }

  end() {
    if (this.timer) this.handOver()
    this.observer.disconnect()
  }
}

function moved([left, top, right, bottom], by, width, height) {
  const x = between(by[0], -left, width - right)
  const y = between(by[1], -top, height - bottom)
  return [left + x, top + y, right + x, bottom + y]
}

function element(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function square(x, y) {
  return element("rect", { class: "handle", x: x - 4.5, y: y - 4.5, width: 9, height: 9 })
}
