// The map of images: WebGL points that are moved, zoomed, lassoed and pointed at.
//
// All points lie in one buffer that is sent to the graphics card once; moving and zooming change three numbers. What a
// person chooses goes to the server as the points' own keys, what it answers comes back as a flag a point. The server
// says in words what is drawn: nothing here knows a language.

const MARKS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "ring"]
const MOST_GROUPS = 96
const PADDING = 24
const REACH = 10 // pixels from the pointer to a point
const RESTS = 100 // milliseconds until a point counts as pointed at: a sweep over the map asks for nothing
const FADED = 0.1

const VERTEX = `
attribute vec2 place; attribute float group; attribute float chosen;
uniform vec4 view; uniform float size; uniform float layer; uniform vec4 styles[${MOST_GROUPS}];
varying vec4 style; varying float strength;
void main() {
  style = styles[int(group + 0.5)];
  // layer 0: all alike; 1: those not chosen; 2: those chosen, above them
  bool shown = style.w >= 0.0 && (layer < 0.5 || (layer < 1.5) == (chosen < 0.5));
  strength = layer > 0.5 && layer < 1.5 ? ${FADED} : 0.9;
  gl_Position = shown ? vec4(place * view.xy + view.zw, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = layer > 1.5 ? size * 1.2 : size;
}`
const FRAGMENT = `
precision mediump float;
varying vec4 style; varying float strength;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  vec2 q = abs(p);
  float mark = floor(style.w + 0.5);
  bool inside =
    mark < 0.5 ? dot(p, p) < 0.8 :
    mark < 1.5 ? max(q.x, q.y) < 0.8 :
    mark < 2.5 ? q.x + q.y < 1.0 :
    mark < 3.5 ? p.y < 0.8 && q.x * 1.8 - 0.9 < p.y :
    mark < 4.5 ? min(q.x, q.y) < 0.3 :
    mark < 5.5 ? abs(q.x - q.y) < 0.4 :
    mark < 6.5 ? p.y > -0.8 && q.x * 1.8 - 0.9 < -p.y :
    dot(p, p) < 1.0 && dot(p, p) > 0.4;
  if (!inside) discard;
  gl_FragColor = vec4(style.rgb * strength, strength);
}`
// The same marks for the legend, in a box from -1 to 1.
const DRAWN = {
  circle: '<circle r=".85"/>',
  square: '<rect x="-.8" y="-.8" width="1.6" height="1.6"/>',
  diamond: '<path d="M0-1 1 0 0 1-1 0z"/>',
  "triangle-up": '<path d="M0-.9.95.8H-.95z"/>',
  cross: '<path d="M-.3-1H.3V-.3H1V.3H.3V1H-.3V.3H-1V-.3H-.3z"/>',
  x: '<path d="M-1-.6-.6-1 0-.4.6-1 1-.6.4 0 1 .6.6 1 0 .4-.6 1-1 .6-.4 0z"/>',
  "triangle-down": '<path d="M0 .9.95-.8H-.95z"/>',
  ring: '<circle r=".75" fill="none" stroke="currentColor" stroke-width=".45"/>',
}

const views = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const view = views.get(parentElement) ?? new View(parentElement)
  views.set(parentElement, view)
  view.choose = (keys, add) => setTriggerValue("chosen", { keys: base64(keys), add })
  view.load(read(data))
  return () => {
    view.end()
    views.delete(parentElement)
  }
}

// What scatter.py packs: the length of a JSON header, the header, then the arrays.
function read(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  const n = header.points
  let at = 4 + length
  const take = (size) => bytes.slice(at, (at += size)).buffer
  const keys = new Float64Array(take(8 * n))
  const places = new Float32Array(take(8 * n))
  return { header, n, keys, places, groups: new Uint8Array(take(n)), chosen: new Uint8Array(take(n)) }
}

function base64(keys) {
  const bytes = new Uint8Array(Float64Array.from(keys).buffer)
  let text = ""
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return btoa(text)
}

class View {
  constructor(root) {
    this.root = root.querySelector(".map")
    this.stage = root.querySelector(".stage")
    this.points = root.querySelector(".points")
    this.ink = root.querySelector(".ink")
    this.tip = root.querySelector(".tip")
    this.legend = root.querySelector(".legend")
    this.hidden = new Set()
    this.mode = "pan"
    this.pointers = new Map()
    this.shape = null
    this.scale = 1
    this.offset = [0, 0]
    this.begin()
    this.listen()
    this.observer = new ResizeObserver(() => this.resize())
    this.observer.observe(this.stage)
  }

  begin() {
    this.gl = this.points.getContext("webgl", { antialias: false, premultipliedAlpha: true })
    if (!this.gl) return
    const gl = this.gl
    const program = gl.createProgram()
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind)
      gl.shaderSource(shader, source)
      gl.compileShader(shader)
      gl.attachShader(program, shader)
    }
    gl.linkProgram(program)
    gl.useProgram(program)
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
    this.at = Object.fromEntries(["view", "size", "layer", "styles"].map((name) => [name, gl.getUniformLocation(program, name)]))
    this.buffers = { place: [2, gl.FLOAT], group: [1, gl.UNSIGNED_BYTE], chosen: [1, gl.UNSIGNED_BYTE] }
    for (const [name, [size, kind]] of Object.entries(this.buffers)) {
      const buffer = gl.createBuffer()
      const place = gl.getAttribLocation(program, name)
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
      gl.enableVertexAttribArray(place)
      gl.vertexAttribPointer(place, size, kind, false, 0, 0)
      this.buffers[name] = buffer
    }
  }

  send(name, values) {
    if (!this.gl) return
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[name])
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.STATIC_DRAW)
  }

  load(data) {
    const other = this.data?.header.layout !== data.header.layout
    this.data = data
    this.send("place", data.places)
    this.send("group", data.groups)
    this.show(data.chosen)
    this.styles = data.header.groups.map(({ colour, mark }) => {
      const rgb = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255)
      return [...rgb, Math.max(0, MARKS.indexOf(mark))]
    })
    if (other) {
      this.hidden.clear()
      this.home()
    }
    this.words()
    this.drawSoon()
  }

  // Shows what is chosen: as the server says, or at once when a person draws a shape.
  show(chosen) {
    this.flags = chosen
    this.some = chosen.includes(1)
    this.send("chosen", chosen)
  }

  words() {
    const { header } = this.data
    this.stage.setAttribute("aria-label", header.alt)
    for (const button of this.root.querySelectorAll("[data-word]")) {
      const word = header.words[button.dataset.word]
      button.title = button.ariaLabel = word
      if (button.dataset.mode) button.querySelector("span").textContent = word
    }
    const parts = []
    if (header.scale) {
      const scale = element("div", "scale")
      const bar = element("div", "bar")
      bar.style.background = `linear-gradient(to right, ${header.scale.colours.join(", ")})`
      const ends = element("div", "ends")
      ends.append(element("span", "", header.scale.low), element("span", "", header.scale.high))
      scale.append(element("div", "", header.scale.title), bar, ends)
      parts.push(scale)
    }
    header.groups.forEach((group, i) => {
      if (group.name === null) return
      const button = element("button", "group")
      button.type = "button"
      button.title = header.words.toggle
      const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg")
      mark.setAttribute("viewBox", "-1 -1 2 2")
      mark.setAttribute("aria-hidden", "true")
      mark.style.color = group.colour
      mark.innerHTML = DRAWN[group.mark] ?? DRAWN.circle
      button.append(mark, element("span", "name", group.name), element("span", "count", group.count))
      const shown = () => button.setAttribute("aria-pressed", String(!this.hidden.has(i)))
      shown()
      button.onclick = () => {
        this.hidden.has(i) ? this.hidden.delete(i) : this.hidden.add(i)
        shown()
        this.drawSoon()
      }
      parts.push(button)
    })
    this.legend.replaceChildren(...parts)
  }

  home() {
    const { places, n } = this.data
    const low = [Infinity, Infinity]
    const high = [-Infinity, -Infinity]
    for (let i = 0; i < 2 * n; i++) {
      low[i & 1] = Math.min(low[i & 1], places[i])
      high[i & 1] = Math.max(high[i & 1], places[i])
    }
    const { width, height } = this.sides()
    const spread = [0, 1].map((i) => Math.max(high[i] - low[i], 1e-3))
    this.scale = Math.min((width - 2 * PADDING) / spread[0], (height - 2.5 * PADDING) / spread[1])
    const middle = [0, 1].map((i) => (n ? (high[i] + low[i]) / 2 : 0))
    this.offset = [width / 2 - middle[0] * this.scale, height / 2 + middle[1] * this.scale]
    this.atHome = true
  }

  sides() {
    return { width: Math.max(this.stage.clientWidth, 50), height: Math.max(this.stage.clientHeight, 50) }
  }

  resize() {
    const { width, height } = this.sides()
    const ratio = Math.min(window.devicePixelRatio || 1, 2)
    for (const canvas of [this.points, this.ink]) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
    }
    this.ratio = ratio
    if (!this.data) return
    if (this.atHome) this.home()
    this.draw()
  }

  pixel(i) {
    const { places } = this.data
    return [places[2 * i] * this.scale + this.offset[0], this.offset[1] - places[2 * i + 1] * this.scale]
  }

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => this.draw())
  }

  draw() {
    this.frame = null
    if (!this.data || !this.ratio) return
    this.gl ? this.drawPoints() : this.drawFlat()
    this.drawInk()
    this.stage.dataset.points = this.data.n
  }

  drawPoints() {
    const { gl, at, scale, offset } = this
    const { width, height } = this.sides()
    gl.viewport(0, 0, this.points.width, this.points.height)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    const styles = new Float32Array(4 * MOST_GROUPS)
    this.styles.forEach((style, i) => styles.set(this.hidden.has(i) ? [0, 0, 0, -1] : style, 4 * i))
    gl.uniform4fv(at.styles, styles)
    gl.uniform1f(at.size, this.size())
    gl.uniform4f(at.view, (2 * scale) / width, (2 * scale) / height, (2 * offset[0]) / width - 1, 1 - (2 * offset[1]) / height)
    for (const layer of this.some ? [1, 2] : [0]) {
      gl.uniform1f(at.layer, layer)
      gl.drawArrays(gl.POINTS, 0, this.data.n)
    }
  }

  // A browser without WebGL still shows where the images lie.
  drawFlat() {
    const pen = this.points.getContext("2d")
    const side = Math.max(2, this.size() / 2)
    pen.clearRect(0, 0, this.points.width, this.points.height)
    this.data.header.groups.forEach(({ colour }, group) => {
      if (this.hidden.has(group)) return
      pen.fillStyle = colour
      for (let i = 0; i < this.data.n; i++) {
        if (this.data.groups[i] !== group) continue
        pen.globalAlpha = this.some && !this.flags[i] ? FADED : 0.9
        const [x, y] = this.pixel(i)
        pen.fillRect(x * this.ratio - side / 2, y * this.ratio - side / 2, side, side)
      }
    })
  }

  // Points grow a little when one looks closer.
  size() {
    const { n } = this.data
    const base = n <= 1000 ? 11 : n <= 5000 ? 8 : n <= 30000 ? 6 : 4.5
    const zoom = this.scale / Math.max(this.sides().height, 1)
    return base * this.ratio * Math.min(2.5, Math.max(1, Math.sqrt(zoom)))
  }

  drawInk() {
    const pen = this.ink.getContext("2d")
    const style = getComputedStyle(this.root)
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0)
    pen.clearRect(0, 0, this.ink.width, this.ink.height)
    pen.strokeStyle = pen.fillStyle = style.color
    const place = ([x, y]) => [x * this.scale + this.offset[0], this.offset[1] - y * this.scale]
    pen.globalAlpha = 0.55
    for (const [from, to] of this.data.header.lines) {
      pen.beginPath()
      pen.moveTo(...place(from))
      pen.lineTo(...place(to))
      pen.stroke()
    }
    pen.globalAlpha = 1
    pen.font = `600 14px ${style.fontFamily}`
    pen.textAlign = "center"
    for (const { text, at } of this.data.header.titles) {
      const [x, y] = place(at)
      pen.fillText(text, x, Math.max(y - 10, 16))
    }
    if (this.pointed !== undefined && this.pointed >= 0) {
      const [x, y] = this.pixel(this.pointed)
      pen.lineWidth = 2
      pen.beginPath()
      pen.arc(x, y, 8, 0, 2 * Math.PI)
      pen.stroke()
    }
    if (this.shape?.length > 1) {
      pen.lineWidth = 1.5
      pen.beginPath()
      this.shape.forEach((point, i) => (i ? pen.lineTo(...point) : pen.moveTo(...point)))
      pen.closePath()
      pen.setLineDash([5, 4])
      pen.stroke()
      pen.globalAlpha = 0.08
      pen.fill()
      pen.globalAlpha = 1
      pen.setLineDash([])
    }
  }

  listen() {
    const { stage } = this
    const here = (event) => {
      const box = stage.getBoundingClientRect()
      return [event.clientX - box.left, event.clientY - box.top]
    }
    stage.onpointerdown = (event) => {
      if (event.button) return
      stage.setPointerCapture(event.pointerId)
      this.pointers.set(event.pointerId, here(event))
      this.from = here(event)
      this.moved = false
      this.shape = this.mode === "pan" || this.pointers.size > 1 ? null : [here(event)]
    }
    stage.onpointermove = (event) => {
      const to = here(event)
      const from = this.pointers.get(event.pointerId)
      if (!from) return this.point(to)
      if (Math.hypot(to[0] - this.from[0], to[1] - this.from[1]) > 3) this.moved = true
      if (this.pointers.size === 2) this.pinch(event.pointerId, to)
      else if (this.mode === "pan") this.shift(to[0] - from[0], to[1] - from[1])
      else if (this.mode === "lasso") this.shape?.push(to)
      else if (this.shape) this.shape = corners(this.from, to)
      this.pointers.set(event.pointerId, to)
      this.drawSoon()
    }
    stage.onpointerup = stage.onpointercancel = (event) => {
      if (!this.pointers.delete(event.pointerId) || this.pointers.size) return
      const shape = this.shape
      this.shape = null
      this.drawSoon()
      if (event.type === "pointercancel") return
      if (this.moved && shape) this.take(this.inside(shape), event.shiftKey)
      else if (!this.moved) this.click(here(event), event.shiftKey)
    }
    stage.onpointerleave = () => this.point(null)
    stage.ondblclick = () => this.take([], false)
    stage.onwheel = (event) => {
      event.preventDefault()
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), here(event))
    }
    stage.onkeydown = (event) => {
      const step = 60
      const { width, height } = this.sides()
      const shifts = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }
      if (shifts[event.key]) this.shift(...shifts[event.key])
      else if (event.key === "+" || event.key === "=") this.zoom(1.4, [width / 2, height / 2])
      else if (event.key === "-") this.zoom(1 / 1.4, [width / 2, height / 2])
      else if (event.key === "0") this.home()
      else return
      event.preventDefault()
      this.drawSoon()
    }
    for (const button of this.root.querySelectorAll("[data-mode]")) {
      button.onclick = () => this.setMode(button.dataset.mode)
    }
    const middle = () => [this.sides().width / 2, this.sides().height / 2]
    const acts = { in: () => this.zoom(1.4, middle()), out: () => this.zoom(1 / 1.4, middle()), home: () => this.home() }
    for (const button of this.root.querySelectorAll("[data-act]")) {
      button.onclick = () => {
        acts[button.dataset.act]()
        this.drawSoon()
      }
    }
    this.points.addEventListener("webglcontextlost", (event) => event.preventDefault())
    this.points.addEventListener("webglcontextrestored", () => {
      this.begin()
      if (this.data) this.load(this.data)
    })
    this.setMode("pan")
  }

  setMode(mode) {
    this.mode = mode
    this.stage.dataset.mode = mode
    for (const button of this.root.querySelectorAll("[data-mode]")) {
      if (button !== this.stage) button.setAttribute("aria-pressed", String(button.dataset.mode === mode))
    }
  }

  shift(x, y) {
    this.offset = [this.offset[0] + x, this.offset[1] + y]
    this.atHome = false
  }

  zoom(by, [x, y]) {
    this.scale *= by
    this.offset = [x + (this.offset[0] - x) * by, y + (this.offset[1] - y) * by]
    this.atHome = false
    this.drawSoon()
  }

  pinch(id, to) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, place]) => place)
    const from = this.pointers.get(id)
    const length = (place) => Math.max(Math.hypot(place[0] - other[0], place[1] - other[1]), 1)
    this.shape = null
    this.zoom(length(to) / length(from), other)
  }

  // The point nearest to a place, if it is within reach; hidden ones do not count.
  nearest([x, y]) {
    let best = -1
    let least = REACH * REACH
    for (let i = 0; i < this.data.n; i++) {
      const [px, py] = this.pixel(i)
      const distance = (px - x) ** 2 + (py - y) ** 2
      if (distance < least && !this.hidden.has(this.data.groups[i])) [best, least] = [i, distance]
    }
    return best
  }

  inside(shape) {
    const places = shape.map(([x, y]) => [(x - this.offset[0]) / this.scale, (this.offset[1] - y) / this.scale])
    const found = []
    for (let i = 0; i < this.data.n; i++) {
      if (this.hidden.has(this.data.groups[i])) continue
      if (holds(places, this.data.places[2 * i], this.data.places[2 * i + 1])) found.push(i)
    }
    return found
  }

  click(at, add) {
    const found = this.nearest(at)
    if (found >= 0) this.take([found], add)
  }

  take(found, add) {
    const flags = add ? this.flags.slice() : new Uint8Array(this.data.n)
    for (const i of found) flags[i] = 1
    this.show(flags)
    this.drawSoon()
    this.choose(found.map((i) => this.data.keys[i]), add)
  }

  point(at) {
    if (!this.data) return
    const found = at ? this.nearest(at) : -1
    if (found !== this.pointed) {
      this.pointed = found
      clearTimeout(this.timer)
      this.tip.hidden = found < 0
      if (found >= 0) {
        const key = this.data.keys[found]
        this.timer = setTimeout(() => document.dispatchEvent(new CustomEvent("carvis-pointed-at", { detail: key })), RESTS)
        const group = this.data.header.groups[this.data.groups[found]]
        this.tip.textContent = group.tip ?? group.name
      }
      this.drawSoon()
    }
    if (found >= 0) {
      const { width } = this.sides()
      this.tip.style.left = `${Math.min(at[0] + 14, width - 150)}px`
      this.tip.style.top = `${Math.max(at[1] - 34, 2)}px`
    }
  }

  end() {
    clearTimeout(this.timer)
    cancelAnimationFrame(this.frame)
    this.observer.disconnect()
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext()
  }
}

function element(name, kind, text = "") {
  const made = document.createElement(name)
  made.className = kind
  made.textContent = text
  return made
}

function corners([left, top], [right, bottom]) {
  return [[left, top], [right, top], [right, bottom], [left, bottom]]
}

// Whether a polygon holds a point: how often a ray from it to the right crosses an edge.
function holds(shape, x, y) {
  let inside = false
  for (let i = 0, j = shape.length - 1; i < shape.length; j = i++) {
    const [xi, yi] = shape[i]
    const [xj, yj] = shape[j]
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}
