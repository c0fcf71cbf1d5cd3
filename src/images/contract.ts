import { createRoute, z } from '@hono/zod-openapi';
import { problems } from '#platform/http/contract.ts';
import { MAX_FILE } from '#platform/http/file-size.ts';

/** A file is no schema: its handler reads it. */
const upload = {
  required: true,
  content: {
    'multipart/form-data': {
      schema: { type: 'object' as const, required: ['file'], properties: { file: { type: 'string' as const, format: 'binary' } } },
    },
  },
};
const image = {
  200: { description: 'The image', content: { 'image/*': { schema: { type: 'string' as const, format: 'binary' } } } },
  304: { description: 'The image that the `If-None-Match` of the request names' },
};
const done = { 204: { description: 'Done' } };
const light = z
  .object({ light: z.string().optional().openapi({ description: '`true` (default) or `false`: the variant for dark backgrounds' }) })
  .loose();
const sized = (sizes: string) =>
  light.extend({
    size: z
      .string()
      .optional()
      .openapi({ description: `${sizes}: as pages show it, a still in WebP where that is less to send; other values mean nothing` }),
  });
const byId = z.object({ id: z.string() });
const bad = ['invalid_image', 'file_too_large', 'file_type_not_supported'] as const;
const refused = ['not_signed_in', 'forbidden'] as const;
const ANY_TYPE =
  'The file is png, jpeg, webp, gif, avif, heic, svg or ico by its content. HEIC is kept as WebP, which every browser shows.';
const TYPES_OF: Record<string, string> = {
  email: 'The file is png or jpeg by its content.',
  favicon: 'The file is svg, png or ico by its content.',
  'default-profile-picture': 'The file is png, jpeg, webp, gif, avif, heic, svg or ico by its content.',
};
const pictures = { tags: ['Profile pictures'] };
const logos = { tags: ['OIDC clients'] };

export const getPicture = createRoute({
  ...pictures,
  method: 'get',
  path: '/api/users/{id}/profile-picture.png',
  summary: "A user's picture: their own, else the uploaded default, else their initials",
  request: { params: byId },
  responses: { ...image, ...problems('validation_failed', 'user_not_found') },
});
const picture = <const M extends 'put' | 'delete', const P extends string>(method: M, path: P, summary: string) =>
  createRoute({
    ...pictures,
    method,
    path,
    summary,
    request: { ...(path.includes('{id}') ? { params: byId } : {}), ...(method === 'put' ? { body: upload } : {}) },
    responses: { ...done, ...problems(...refused, 'user_not_found', ...(method === 'put' ? bad : [])) },
  });
export const setPicture = picture(
  'put',
  '/api/users/{id}/profile-picture',
  `Replace a user's picture (png, jpeg, webp, gif, avif or heic, at most ${MAX_FILE})`,
);
export const setMyPicture = picture('put', '/api/users/me/profile-picture', 'Replace the caller’s picture');
export const removePicture = picture('delete', '/api/users/{id}/profile-picture', "Remove a user's picture");
export const removeMyPicture = picture('delete', '/api/users/me/profile-picture', 'Remove the caller’s picture');

export const getLogo = createRoute({
  ...logos,
  method: 'get',
  path: '/api/oidc/clients/{id}/logo',
  summary: 'The logo of a client; the dark one falls back to the light one',
  request: { params: byId, query: sized('`small`') },
  responses: { ...image, ...problems('image_not_found') },
});
export const setLogo = createRoute({
  ...logos,
  method: 'post',
  path: '/api/oidc/clients/{id}/logo',
  summary: `Replace a logo of a client (at most ${MAX_FILE})`,
  description: ANY_TYPE,
  request: { params: byId, query: light, body: upload },
  responses: { ...done, ...problems(...refused, 'not_found', ...bad) },
});
export const removeLogo = createRoute({
  ...logos,
  method: 'delete',
  path: '/api/oidc/clients/{id}/logo',
  summary: 'Remove a logo of a client',
  request: { params: byId, query: light },
  responses: { ...done, ...problems(...refused, 'not_found') },
});

/** The images of the installation, by the last part of their path. */
const application = <const M extends 'get' | 'put' | 'delete'>(method: M, name: string, summary: string) =>
  createRoute({
    tags: ['Application images'],
    method,
    path: `/api/application-images/${name}`,
    summary,
    ...(method === 'put' ? { description: TYPES_OF[name] ?? ANY_TYPE } : {}),
    request: {
      ...(name === 'logo' ? { query: method === 'get' ? sized('`small` or `tiny`') : light } : {}),
      ...(method === 'put' ? { body: upload } : {}),
    },
    responses: {
      ...(method === 'get' ? image : done),
      ...problems(
        ...(method === 'get' ? (['image_not_found'] as const) : []),
        ...(method !== 'get' || name === 'default-profile-picture' ? refused : []),
        ...(method === 'put' ? bad : []),
      ),
    },
  });
export const applicationImage = (name: string) => ({
  get: application('get', name, `The ${name} image`),
  put: application('put', name, `Replace the ${name} image (at most ${MAX_FILE})`),
  delete: application('delete', name, `Remove the ${name} image`),
});
