import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import libheif from 'libheif-js/libheif-wasm/libheif.js';
import type { HeicTask } from './heic.ts';
import { tiffOf } from './tiff.ts';

/**
 * What a thread of its own runs (see heic.ts): takes one HEIC file apart and answers its picture as a TIFF, or ends with an error. The library is
 * C in WebAssembly, called as its header `libheif/heif.h` says: what is a pointer there is a number here, and a function that returns a
 * `heif_error` takes the place for it as its first argument.
 */
interface Libheif {
  HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _heif_context_alloc(): number;
  /** Of this context, to be written to: behind a version come `max_image_size_pixels` and others (`heif_security.h`). */
  _heif_context_get_security_limits(context: number): number;
  _heif_context_read_from_memory_without_copy(error: number, context: number, bytes: number, size: number, options: number): void;
  _heif_context_get_primary_image_handle(error: number, context: number, handle: number): void;
  _heif_image_handle_get_width(handle: number): number;
  _heif_image_handle_get_height(handle: number): number;
  /** As stored: before it is cropped and turned. */
  _heif_image_handle_get_ispe_width(handle: number): number;
  _heif_image_handle_get_ispe_height(handle: number): number;
  _heif_image_handle_has_alpha_channel(handle: number): number;
  _heif_image_handle_get_raw_color_profile_size(handle: number): number;
  _heif_image_handle_get_raw_color_profile(error: number, handle: number, profile: number): void;
  _heif_decode_image(error: number, handle: number, image: number, colorspace: number, chroma: number, options: number): void;
  _heif_image_get_width(image: number, channel: number): number;
  _heif_image_get_height(image: number, channel: number): number;
  _heif_image_get_plane_readonly2(image: number, channel: number, stride: number): number;
}
const COLORSPACE_RGB = 1;
const CHROMA_INTERLEAVED_RGB = 10;
const CHROMA_INTERLEAVED_RGBA = 11;
const CHANNEL_INTERLEAVED = 10;

/** WebAssembly's memory does not count against a thread's limits: what grows beyond `most` bytes gets none, as from a machine that has no more. */
function limitMemory(most: number): void {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65_536 > most) throw new RangeError('the image needs too much memory');
    return grow.call(this, pages);
  };
}

function decode({ bytes, maxPixels, maxMemory }: HeicTask): Uint8Array<ArrayBuffer> {
  limitMemory(maxMemory);
  const silent = () => undefined;
  const wasmBinary = readFileSync(new URL(import.meta.resolve('libheif-js/libheif-wasm/libheif.wasm')));
  const heif = (libheif as unknown as (options: object) => Libheif)({ wasmBinary, print: silent, printErr: silent });
  // The memory moves when it grows: looked up each time.
  const memory = () => new DataView(heif.HEAPU8.buffer);
  const allocate = (size: number) => {
    const place = heif._malloc(size);
    if (place === 0) throw new Error('the image needs too much memory');
    return place;
  };
  const error = allocate(12);
  const told = () => {
    const code = memory().getInt32(error, true);
    if (code === 0) return;
    const text = memory().getUint32(error + 8, true);
    throw new Error(Buffer.from(heif.HEAPU8.subarray(text, heif.HEAPU8.indexOf(0, text))).toString());
  };
  const result = allocate(4);
  const answered = () => {
    told();
    return memory().getUint32(result, true);
  };

  const file = allocate(bytes.length);
  heif.HEAPU8.set(bytes, file);
  const context = heif._heif_context_alloc();
  memory().setBigUint64(heif._heif_context_get_security_limits(context) + 8, BigInt(maxPixels), true);
  heif._heif_context_read_from_memory_without_copy(error, context, file, bytes.length, 0);
  told();
  heif._heif_context_get_primary_image_handle(error, context, result);
  const handle = answered();
  const shown = heif._heif_image_handle_get_width(handle) * heif._heif_image_handle_get_height(handle);
  const stored = heif._heif_image_handle_get_ispe_width(handle) * heif._heif_image_handle_get_ispe_height(handle);
  if (Math.max(shown, stored) > maxPixels) throw new Error('too many pixels');

  let profile: Uint8Array | undefined;
  const profileSize = heif._heif_image_handle_get_raw_color_profile_size(handle);
  if (profileSize > 0) {
    const place = allocate(profileSize);
    heif._heif_image_handle_get_raw_color_profile(error, handle, place);
    told();
    profile = heif.HEAPU8.slice(place, place + profileSize);
  }

  const channels = heif._heif_image_handle_has_alpha_channel(handle) ? 4 : 3;
  const chroma = channels === 4 ? CHROMA_INTERLEAVED_RGBA : CHROMA_INTERLEAVED_RGB;
  heif._heif_decode_image(error, handle, result, COLORSPACE_RGB, chroma, 0);
  const image = answered();
  const samples = heif._heif_image_get_plane_readonly2(image, CHANNEL_INTERLEAVED, result);
  if (samples === 0) throw new Error('no pixels');
  return tiffOf({
    width: heif._heif_image_get_width(image, CHANNEL_INTERLEAVED),
    height: heif._heif_image_get_height(image, CHANNEL_INTERLEAVED),
    channels,
    samples: heif.HEAPU8.subarray(samples),
    stride: answered(),
    profile,
  });
}

const tiff = decode(workerData as HeicTask);
parentPort?.postMessage(tiff, [tiff.buffer]);
