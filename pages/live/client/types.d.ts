/** The types that the modules share: what Python sends, and what the modules hand to each other. Nothing here runs.
 *
 * Interfaces with methods in them take a part for any status as a part for its own: which part gets which status is
 * decided in Python (pages/live/server/frames.py and component.py), where the checker cannot look.
 */

// ---- Status: what is true now, beside the charts (frames.py)

export type Scalar = number | string | boolean | null;

/** What all statuses have. A lab's script sends only settings, idle and hints. */
export interface Status {
  settings: Record<string, Scalar>;
  step?: number;
  playing?: boolean;
  watch?: Record<string, Scalar>; // what the page's own widgets depend on, beside the settings
  hints?: Record<string, string>; // by chart
  words?: Record<string, string>; // by the name of a status text
  idle?: Record<string, string>; // by setting: why it has no effect now
  since?: Record<string, number | null>; // by setting: the step from which it counts
  learning_rate?: number | null; // after its schedule
  selected?: boolean; // a region is selected in the charts
  marks?: number[]; // steps of a run's nudges
  wrong?: Wrong | null; // with a run
  helped?: Helped | null; // with a run: what its last nudge did
}

/** What the last nudge did, beside the twin. */
export interface Helped {
  control: string; // the setting that it changed, or "all"
  after: number; // steps since then that are compared
  words: string;
  twin: string;
  luck: string | null; // what the seed test says
}

/** What has gone wrong in a run. */
export interface Wrong {
  sentence: string;
  more: string;
  repair: string; // what the button says
}

export interface RunStatus extends Status {
  step: number;
  playing: boolean;
  epoch: number;
  examples: [number, number]; // seen in this epoch, and in all
  speed: number;
  stop: { by: "step" | "epochs" | "loss"; at: number; share: number | null } | null; // where it pauses by itself
  rate: number | null;
  loss: number | null;
  train_accuracy: number | null;
  dev_accuracy: number | null;
  head: number; // step of the run, also while an earlier one is looked at
  marks: number[]; // steps of the nudges
  nudge: { step: number; text: string } | null; // the last one up to the shown step
  looking: boolean; // at an earlier step
  catching_up: number | null; // step to which the run is replayed
  notices: string[];
}

export interface Leader {
  number: number;
  loss: number | null;
  accuracy: number | null;
  words: string;
}

export interface SearchStatus extends Status {
  playing: boolean;
  done: boolean;
  progress: number;
  rate: number | null;
  left: number | null; // seconds
  states: Record<string, number>;
  models: number;
  best: number | null;
  leaders: Leader[];
  picked: Leader | null;
  stoppable: boolean;
  notices: string[];
}

export interface LabStatus extends Status {
  step: number;
  playing: boolean;
  done: boolean;
  names: string[];
  losses: (number | null)[];
}

// ---- Frames (core/charts/packet.py)

export type TypedArray =
  | Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** A picture of classes; row 0 is the lowest y: core/charts/class_picture.py. */
export interface Image {
  points: ArrayLike<number>[];
  classes: number;
  extent: ArrayLike<number>; // x0, x1, y0, y1
}

/** The shown units and the weights between them, column after column and from top to bottom: core/charts/network.py. */
export interface Network {
  units: ArrayLike<number>; // the index of each in its layer
  marks: ArrayLike<number>; // 1 dead, 2 saturated
  words: string[]; // what is said of each, safe as HTML; the first line is its name
  shapes: ArrayLike<number>[]; // rows and columns of the tiles, by column
  tiles: Uint8Array; // 1 to 255 for -1 to 1
  weights: ArrayLike<number>; // a row for each unit of the later column
}

/** An array, its rows, a list from a lab's script, or a plain value. */
export type Value = TypedArray | TypedArray[] | unknown[] | Image | Network | Scalar;

/** The arrays of one chart by "uid.attribute", and "image". */
export type Arrays = Record<string, Value>;

export interface Frame<S extends Status = Status> {
  seq: number;
  status: S;
  charts: Record<string, Arrays>;
}

/** Where an array is in a message: its type, its offset in bytes, its shape. */
export interface Described {
  d: string;
  o: number;
  n: number[];
}

// ---- Messages to the server or to a lab's script

/** Stretches of axes by name: [low, high], or null for all of it. */
export type Places = Record<string, [number, number] | null>;

export type Message = { id?: number } & (
  | { type: "play" | "pause" | "step" | "epoch" | "more" | "restart" | "stop" | "repair" | "start_seed_test" | "dismiss" }
  | { type: "speed"; steps: number }
  | { type: "stop_at"; step?: number; epochs?: number; loss?: number }
  | { type: "look"; step: number | null }
  | { type: "rewind"; step: number }
  | { type: "nudge"; changes: Record<string, number>; gesture: number }
  | { type: "pick"; number: number }
  | { type: "region"; of: number | undefined; places: Places | null }
  | { type: "move"; number: number; x: number; y: number }
  | { type: "remove"; number: number }
  | { type: "add"; x: number; y: number }
);

/** "sent", "kept" until there is a connection, or "" for neither. */
export type Fate = "sent" | "kept" | "";

/** Sends a message. */
export type Command = (message: Message) => Fate;

export interface ErrorMessage {
  sentence: string;
  id?: number | null;
}

// ---- Channels and parts

export type LinkState = "connecting" | "open" | "lost" | "gone";

export interface WantedChart {
  name: string;
  every: number; // it is drawn in every such frame
  visible: boolean;
}

/** What a part is told. */
export interface Listener<S extends Status = Status> {
  frame(frame: Frame<S>): void;
  link?(state: LinkState, sentence: string): void;
  error?(message: ErrorMessage): void;
  owns?(id: number): boolean;
  wants?(): WantedChart[];
}

/** What a part sees of the connection to its run, or of its lab's script. */
export interface Channel<S extends Status = Status> {
  status: S | null;
  seq: number; // number of the last request
  heard?: number | null; // id of the last message that a lab's script has heard
  send(message: Message): Fate;
  kept(): Message[]; // what waits for a connection, in order
  forget(chart: string): void;
}

/** Streamlit's component, handed over at each rerun of the page's script. */
export interface Component<D = object> {
  data: D;
  parentElement: HTMLElement;
  setStateValue(name: string, value: unknown): void;
  setTriggerValue(name: string, value: unknown): void;
}

export interface Part<S extends Status = Status, D = object> {
  update(component: Component<D>, channel: Channel<S>): void;
  remove?(): void;
  listens: Listener<S>;
}

// ---- Data of the components (component.py and lab.py)

export interface PageData {
  part: string;
  token: string;
  socket: string;
  sight?: object; // what this page chose to see
  watching?: boolean; // somebody else's run
  watch?: Record<string, Scalar>;
}

export interface ScriptData {
  part: string;
  socket?: undefined;
  values?: Record<string, number>;
  seq?: number;
  heard?: number | null;
  idle?: Record<string, string>;
  hints?: Record<string, string>;
  frames?: Record<string, Arrays>;
}

/** The range of a setting and the scale of its control. */
export interface Scaled {
  scale: "linear" | "log" | "log_from_0" | "one_minus";
  low: number;
  high: number;
  integer: boolean;
}

export interface DialRow extends Scaled {
  name: string;
  symbol: string;
  label: string;
  help: string;
  value: number;
  averages: boolean; // it is the decay of an average
}

export interface DialsData {
  dials: DialRow[];
  compact?: boolean;
  title?: string;
}

export interface RunBarData {
  token: string;
  phone: string; // where the QR code is that opens this run on a phone
  speeds: [number, string][];
  restart: boolean;
}

export interface HelpedData {
  control: string; // "": any
}

export interface StatusTextData {
  name: string;
  now: string;
}

export interface ChartRow {
  name: string;
  title: string;
  summary: string;
  every?: number;
  guide?: { look_for: string; course: string[] } | null;
  figure: Skeleton;
}

export interface ChartsData {
  charts: ChartRow[];
  plotly: string; // its address
  palette?: string[];
  token: string;
  stays?: string; // the chart that stays in sight on a phone
}

// ---- Charts

export interface Theme {
  text: string;
  grid: string;
  line: string;
  background: string;
  font: string;
  scale: number; // 1, or more where the chart is enlarged
}

/** What can be selected with a drag: a box on two axes, or stretches of the vertical lines at 0, 1, ... */
export interface Brush {
  of?: number;
  axes?: Named;
  along?: string[];
}

/** Names of what lies on the axes. */
export type Named = { x?: string; y?: string };

/** A layer in a picture of a network; what its tiles are drawn in is "sign", "class" or "grey". */
export interface NetworkColumn {
  title: string;
  size: number;
  shown: number;
  ink: string;
  names?: string[];
}

export interface NetworkMeta {
  columns: NetworkColumn[];
  pixels: boolean; // the features are those of a picture
  smooth: boolean; // tiles are pictures of a plane
}

export interface LayoutAxis {
  type?: string;
  autorangeoptions?: { include?: number[]; minallowed?: number };
  [attribute: string]: unknown;
}

export interface Layout {
  meta?: { log?: boolean; steps?: boolean; smooth?: string[]; brush?: Brush; points?: string; network?: NetworkMeta };
  xaxis?: LayoutAxis;
  yaxis?: LayoutAxis;
  font?: object;
  legend?: object;
  [attribute: string]: unknown;
}

export interface Trace {
  uid: string;
  [attribute: string]: unknown;
}

/** A figure before its first frame. */
export interface Skeleton {
  data: Trace[];
  layout: Layout;
}

/** What a person does in a chart. */
export interface Acts {
  pick(number: number): void;
  select(places: Places | null): void;
}

export interface Figure {
  draw(arrays: Arrays): void;
  dress(theme: Theme): void;
  resize(): void;
  setAxes(way: "x" | "y", some: LayoutAxis): void;
  purge(): void;
}

export interface Card extends Figure, Omit<WantedChart, "name"> {
  node: HTMLElement;
  hint: HTMLElement;
  clear?: HTMLElement;
  zoom(step: number | null): void; // from which step on a chart over steps is drawn
  leave(): void; // the full screen
  description: string;
}

/** Points of a chart that can be moved, as the script has them. */
export interface Points {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  text?: ArrayLike<string>; // names each
}

export type Range = [number, number];

// ---- Plotly's internals, as far as the modules use them: plotly.js is pinned to one release (assets.py)

export interface Axis {
  _id: string;
  _offset: number; // px
  _length: number; // px
  type: string;
  range: Range;
  autorange: boolean;
  p2l(px: number): number;
  l2p(value: number): number;
  p2d(px: number): number;
  d2p(value: number): number;
}

/** A kind of trace ("scatter") or of plot ("cartesian"). */
export interface Module {
  name: string;
  plot(figure: Drawn): void;
  calc(figure: Drawn, trace: FullTrace): { t?: object; trace?: FullTrace }[];
  crossTraceCalc?(figure: Drawn, subplot: object): void;
  style?(figure: Drawn): void;
}

/** "xaxis", "yaxis2": a layout has as many as the figure needs. */
export type AxisKey = `${"x" | "y"}axis${number | ""}`;

export interface FullLayout extends Record<AxisKey, Axis> {
  width: number;
  height: number;
  _size: { t: number };
  _basePlotModules: Module[];
  _modules: Module[];
  _plots: Record<string, object>;
}

export interface FullTrace {
  uid: string;
  index: number;
  visible: boolean | "legendonly";
  x?: ArrayLike<unknown>;
  y?: ArrayLike<unknown>;
  _length?: number;
  _input: Record<string, unknown>;
  _module: Module;
  _extremes?: Record<string, Record<"min" | "max", { val: number }[]>>;
  [attribute: string]: unknown;
}

/** The element of a figure, before and after plotly drew it. */
export interface PlotElement extends HTMLDivElement {
  _fullLayout?: FullLayout;
  on(event: string, listener: (event: { points: { customdata?: number }[] }) => void): void;
}

export interface Drawn extends PlotElement {
  _fullLayout: FullLayout;
  _fullData: FullTrace[];
  calcdata: object[];
}

export interface Plotly {
  react(element: HTMLElement, data: Trace[], layout: Layout, config: object): void;
  purge(element: HTMLElement): void;
  Plots: { resize(element: HTMLElement): void };
}

/** What benchmarks and browser tests look at. */
export interface FrameRecord {
  frames: number;
  lastSettings: Record<string, Scalar> | null;
  lastStep: number | null | undefined;
  drawTimes: number[]; // ms
  onframe: Set<(detail: object) => void>;
}

declare global {
  interface Window {
    Plotly?: Plotly;
    __panda?: FrameRecord;
  }
}
