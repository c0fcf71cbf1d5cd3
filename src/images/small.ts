import { type CleanImage, type Frame, stillWithin, TYPES } from './formats.ts';
import { madeOnce } from './made-once.ts';
import type { ServedImage } from './service.ts';

/**
 * Pixels that a logo has at most where it stands, doubled for dense screens. An application's peeks out of the pocket in 52 × 54. The installation's
 * own may be as wide as 184 there, and at twice that would be a third of the page; as the mark in the footer it is 24 high.
 */
const FRAMES = {
  client: { width: 108, height: 108 },
  application: { width: 240, height: 108 },
  mark: { width: 256, height: 48 },
} satisfies Record<string, Frame>;
export type LogoPlace = keyof typeof FRAMES;

/** A few KB each. */
const KEPT = 500;
/** Of a file as small as this there is nothing to spare that would be worth loading the image library. */
const SMALL_BYTES = 2048;

/**
 * Logos as small as pages show them: an upload may have a thousand times the pixels, and stands in the way of the first visit. `served` gives an
 * image its hash.
 */
export function smallLogos(served: (image: CleanImage) => ServedImage) {
  const once = madeOnce<ServedImage | undefined>(KEPT);
  let last: Promise<unknown> = Promise.resolve();
  const make = (image: ServedImage, place: LogoPlace): Promise<ServedImage | undefined> => {
    // One at a time: a page of fifty logos would take every thread of the pool from those who sign.
    const turn = last.then(async () => {
      const small = served(await stillWithin(FRAMES[place], image.bytes));
      return small.bytes.length < image.bytes.length ? small : undefined;
    });
    // What cannot be opened is not tried again with every visitor.
    const made = turn.catch(() => undefined);
    last = made;
    return made;
  };
  /** The image as a still of a few KB, or as it is when it is a drawing, as small already, or cannot be opened. Never throws. */
  return async (image: ServedImage, place: LogoPlace): Promise<ServedImage> => {
    if (image.type === TYPES.svg || image.bytes.length <= SMALL_BYTES) return image;
    return (await once(`${image.hash} ${place}`, () => make(image, place))) ?? image;
  };
}
