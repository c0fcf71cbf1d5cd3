import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

/** The best coding of an `Accept-Encoding` header that we speak (RFC 9110 section 12.5.3), or undefined for none. */
export function acceptedEncoding(header: string | undefined): Encoding | undefined {
  const accepted = new Set(
    (header ?? '')
      .toLowerCase()
      .split(',')
      .map((coding) => coding.trim())
      .filter((coding) => !/;\s*q=0(\.0*)?$/.test(coding))
      .map((coding) => coding.split(';')[0]),
  );
  return accepted.has('br') ? 'br' : accepted.has('gzip') ? 'gzip' : undefined;
}

/** `effort`: 4 is quick enough for every response, 11 is for what is compressed once. */
export function compress(body: Buffer, encoding: Encoding, effort: 4 | 11): Buffer<ArrayBuffer> {
  if (encoding === 'gzip') return Buffer.from(gzipSync(body, { level: effort === 11 ? 9 : 6 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: effort, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
  return Buffer.from(brotliCompressSync(body, { params }));
}
