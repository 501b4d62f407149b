// What a picture stands on, so that drawings are shown whole on their own ground and light ones on a dark one.

const SAMPLE = 24; // pixels a side, of the small copy whose edge is looked at
const pen = new OffscreenCanvas(SAMPLE, SAMPLE).getContext("2d", { willReadFrequently: true });

/**
 * What a drawing stands on: {color: "rgb(…)"} when most of its edge has one color, {clear: true} when most of it is
 * transparent, and then `light` says that the drawing itself is light. Null for photographs: they fill their tile.
 */
export function groundOf(image) {
  try {
    pen.clearRect(0, 0, SAMPLE, SAMPLE);
    pen.drawImage(image, 0, 0, SAMPLE, SAMPLE);
  } catch {
    return null; // a picture without a size, such as some SVGs
  }
  const { data } = pen.getImageData(0, 0, SAMPLE, SAMPLE);
  const pixel = (x, y) => data.subarray((y * SAMPLE + x) * 4, (y * SAMPLE + x) * 4 + 4);
  const edge = [];
  for (let i = 0; i < SAMPLE; i += 1) edge.push(pixel(i, 0), pixel(i, SAMPLE - 1), pixel(0, i), pixel(SAMPLE - 1, i));
  const most = (fits) => edge.filter(fits).length > edge.length * 0.6;
  if (most(([, , , alpha]) => alpha < 128)) return { clear: true, light: brightness(data) > 150 };
  for (const [red, green, blue] of [pixel(0, 0), pixel(SAMPLE - 1, 0), pixel(0, SAMPLE - 1)]) {
    const near = ([r, g, b, alpha]) =>
      alpha > 250 && Math.max(Math.abs(r - red), Math.abs(g - green), Math.abs(b - blue)) < 16;
    if (most(near)) return { color: `rgb(${red}, ${green}, ${blue})` };
  }
  return null;
}

/** The mean brightness of what is not transparent, 0 to 255. */
function brightness(data) {
  let sum = 0;
  let weight = 0;
  for (let at = 0; at < data.length; at += 4) {
    sum += data[at + 3] * (0.3 * data[at] + 0.59 * data[at + 1] + 0.11 * data[at + 2]);
    weight += data[at + 3];
  }
  return weight ? sum / weight : 0;
}
