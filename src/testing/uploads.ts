import type { World } from './world.ts';

/** Sends a file as a browser or curl would; with the static key unless another is named. */
export const upload = (
  w: World,
  method: string,
  path: string,
  bytes: Uint8Array | string,
  { name = 'logo.png', key = w.config.staticApiKey! } = {},
) => {
  const form = new FormData();
  form.set('file', new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name));
  return w.request(path, { method, headers: { 'x-api-key': key }, body: form });
};

/** Status and error code of a refusal. */
export const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];
