import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, problems } from '#platform/http/contract.ts';

const PublicSetting = z.object({ key: z.string(), type: z.string(), value: z.string() }).openapi('PublicSetting');
export type PublicSetting = z.infer<typeof PublicSetting>;
const Setting = z
  .object({ key: z.string(), type: z.string(), value: z.string().openapi({ description: 'Always text' }), isPublic: z.boolean() })
  .openapi('Setting');
export type Setting = z.infer<typeof Setting>;

const all = { tags: ['Application configuration'] };
const refused = ['not_signed_in', 'forbidden'] as const;

export const publicSettings = createRoute({
  ...all,
  method: 'get',
  path: '/api/application-configuration',
  summary: 'What anybody may know of the configuration',
  responses: { 200: answer(z.array(PublicSetting)) },
});
export const allSettings = createRoute({
  ...all,
  method: 'get',
  path: '/api/application-configuration/all',
  summary: 'The whole configuration',
  description:
    'Passwords that are set are shown as `XXXXXXXXXX`; only an administrator’s API key with the scope `full` reads them in clear, and not when UI_CONFIG_DISABLED is set.',
  responses: { 200: answer(z.array(Setting)), ...problems(...refused) },
});
export const updateSettings = createRoute({
  ...all,
  method: 'put',
  path: '/api/application-configuration',
  summary: 'Change the configuration',
  description:
    'An object of text values. A key that is absent keeps its value, `""` goes back to the default, a password sent as `XXXXXXXXXX` stays as it is.',
  request: {
    body: json(z.record(z.string(), z.unknown()).openapi('SettingsUpdate', { example: { appName: 'Home', sessionDuration: '60' } })),
  },
  responses: { 200: answer(z.array(Setting)), ...problems('validation_failed', ...refused, 'ui_config_disabled') },
});
export const sendTestEmail = createRoute({
  ...all,
  method: 'post',
  path: '/api/application-configuration/test-email',
  summary: 'Send a test mail to the caller',
  responses: { 204: { description: 'Sent' }, ...problems(...refused, 'mail_disabled', 'mail_unavailable') },
});
export const syncLdap = createRoute({
  ...all,
  method: 'post',
  path: '/api/application-configuration/sync-ldap',
  summary: 'Synchronise with the LDAP directory now',
  responses: { 204: { description: 'Done' }, ...problems(...refused, 'ldap_disabled', 'ldap_unavailable') },
});
