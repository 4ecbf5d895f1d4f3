/** A setting's value against its place on its control: 0 at the left end, 1 at the right. The scales of C4 and C5. */

const logBetween = (value, low, high) => Math.log(value / low) / Math.log(high / low);
const powerBetween = (place, low, high) => low * (high / low) ** place;

const SCALES = {
  linear: {
    place: (v, low, high) => (v - low) / (high - low),
    value: (p, low, high) => low + p * (high - low),
    tidy: (v) => precise(v, 3),
  },
  log: { place: logBetween, value: powerBetween, tidy: (v) => precise(v, 3) },
  one_minus: {
    place: (v, low, high) => logBetween(1 - v, 1 - low, 1 - high),
    value: (p, low, high) => 1 - powerBetween(p, 1 - low, 1 - high),
    tidy: (v) => precise(1 - precise(1 - v, 2), 12),
  },
};

const precise = (value, digits) => Number(value.toPrecision(digits));

/** Where `value` lies on the dial's scale, 0 to 1. */
export function placeOf(dial, value) {
  const place = SCALES[dial.scale].place(value, dial.low, dial.high);
  return Number.isFinite(place) ? Math.min(1, Math.max(0, place)) : 0;
}

/** The value at a place: a tidy number, whole where the dial wants that; the ends are exactly the range's ends. */
export function valueAt(dial, place) {
  if (place <= 0) return dial.low;
  if (place >= 1) return dial.high;
  const { value, tidy } = SCALES[dial.scale];
  const exact = value(place, dial.low, dial.high);
  const rounded = dial.integer ? Math.round(tidy(exact)) : tidy(exact);
  return Math.min(dial.high, Math.max(dial.low, rounded));
}

/** The value `steps` hundredths of the scale further, at least one whole number further for an integer. */
export function moved(dial, value, steps) {
  const next = valueAt(dial, placeOf(dial, value) + steps / 100);
  if (!dial.integer || Math.abs(next - value) >= 1) return next;
  return Math.min(dial.high, Math.max(dial.low, Math.round(value) + Math.sign(steps)));
}

/** A number as a person reads it: at most 6 significant digits, powers of ten below a ten-thousandth. */
export function shown(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value !== 0 && Math.abs(value) < 1e-4) return String(precise(value, 6).toExponential()).replace("e+", "e");
  return String(precise(value, 6));
}
