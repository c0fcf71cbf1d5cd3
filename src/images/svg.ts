/** What runs, loads or opens something else when an SVG is opened by itself. */
const ACTIVE = [
  /<\s*(?:\w+:)?(?:script|foreignObject|iframe|embed|object|audio|video|link|meta|base|handler|listener|set|animate\w*)\b/i,
  /\son\w+\s*=/i,
  /(?:javascript|vbscript|data\s*:\s*text)\s*:?/i,
  /<!\s*(?:ENTITY|DOCTYPE)/i,
  /<\?xml-stylesheet/i,
  /@import/i,
];
/** Every reference that does not stay inside the document; embedded raster images are inside. */
const REFERENCE =
  /(?:\b(?:xlink:)?href|\bsrc)\s*=\s*["']?\s*(?!["'#]|data:image\/(?:png|jpeg|gif|webp);)|url\(\s*["']?\s*(?!["'#]|data:image\/(?:png|jpeg|gif|webp);)/i;

/**
 * Whether an SVG is a picture and nothing else, so that it may be kept as it is. The test is about text, not meaning: what it does not know to be
 * harmless it calls active, and such a file is kept as a raster image instead. Character references are a way round it, so they count as active.
 */
export const isPlainSvg = (text: string): boolean =>
  !ACTIVE.some((pattern) => pattern.test(text)) && !REFERENCE.test(text) && !/&#/.test(text);

/** A document that grows when it is read (SEC-216: entity bombs) is not given to any reader. */
export const declaresEntities = (text: string): boolean => /<!\s*ENTITY/i.test(text);
