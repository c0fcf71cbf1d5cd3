import type { Migration } from './list.ts';

/**
 * A refresh ends the access tokens before it, which an index finds among the spent refresh tokens of a month. Sessions, tokens and codes are stored behind
 * their time from now on: rows of before would be found by nobody.
 */
export const byKindAndTime: Migration = {
  version: 3,
  name: 'by kind and time',
  statements: [
    'drop index oauth_token_grant',
    'create index oauth_token_grant on oauth_token (grant_id, kind, expires_at)',
    'delete from session',
    'delete from oauth_token',
    'delete from device_request',
    'update oauth_grant set code_hash = null where code_used_at is null',
  ],
};
