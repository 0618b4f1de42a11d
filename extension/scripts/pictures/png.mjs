// A PNG (RFC 2083) in fewer bytes: the same pixels in a palette if they have at most 256 colours after rounding, packed tightly.
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])

/** `picture`: 8 bits, RGB or RGBA, not interlaced, as Chromium writes it. Gray edges of letters lose at most `step` levels. */
export function smaller(picture, step = 8) {
  const chunks = chunksOf(picture)
  const header = chunks.find(({ type }) => type === 'IHDR').data
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const channels = header[9] === 6 ? 4 : 3
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data))
  const pixels = unfiltered(inflateSync(packed), width * channels, height, channels)
  const palette = new Map()
  const rows = Buffer.alloc((width + 1) * height)
  for (let at = 0; at < width * height; at++) {
    const rgb = [0, 1, 2].map((channel) => rounded(pixels[at * channels + channel], step))
    const colour = (rgb[0] << 16) | (rgb[1] << 8) | rgb[2]
    if (!palette.has(colour)) palette.set(colour, palette.size)
    if (palette.size > 256) return step < 64 ? smaller(picture, step * 2) : picture
    rows[Math.floor(at / width) * (width + 1) + 1 + (at % width)] = palette.get(colour)
  }
  const head = Buffer.from(header)
  head[8] = 8
  head[9] = 3 // palette
  const colours = Buffer.from([...palette.keys()].flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))
  const parts = [['IHDR', head], ['PLTE', colours], ['IDAT', deflateSync(rows, { level: 9, memLevel: 9 })], ['IEND', Buffer.alloc(0)]]
  return Buffer.concat([SIGNATURE, ...parts.map(([type, data]) => chunk(type, data))])
}

/** Black and white stay what they are. */
function rounded(level, step) {
  return Math.min(255, Math.round(level / step) * step)
}

function chunksOf(picture) {
  const chunks = []
  for (let at = SIGNATURE.length; at < picture.length; ) {
    const length = picture.readUInt32BE(at)
    chunks.push({ type: picture.toString('latin1', at + 4, at + 8), data: picture.subarray(at + 8, at + 8 + length) })
    at += length + 12
  }
  return chunks
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** Filters 0 to 4 of section 6 taken back. */
function unfiltered(raw, stride, height, size) {
  const pixels = Buffer.alloc(stride * height)
  for (let row = 0; row < height; row++) {
    const filter = raw[row * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const at = row * stride + x
      const left = x >= size ? pixels[at - size] : 0
      const up = row > 0 ? pixels[at - stride] : 0
      const corner = x >= size && row > 0 ? pixels[at - stride - size] : 0
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]
      pixels[at] = (raw[row * (stride + 1) + 1 + x] + guess) & 255
    }
  }
  return pixels
}

function paeth(left, up, corner) {
  const guess = left + up - corner
  const [toLeft, toUp, toCorner] = [left, up, corner].map((one) => Math.abs(guess - one))
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}
