import type { Migration } from './list.ts';

/**
 * The texts that lists are sorted by. SQLite compares their bytes; PostgreSQL would compare them in the language its database was made with, which
 * another one need not know and an upgrade of the operating system may change under an index.
 */
const SORTED = {
  '"user"': ['username_key', 'email_key', 'first_name', 'last_name', 'display_name'],
  user_group: ['name', 'friendly_name'],
  custom_claim: ['key'],
  client: ['search_key', 'client_type'],
  api: ['name', 'resource'],
  api_key: ['name'],
  audit_log: ['event', 'client_name', 'ip', 'country', 'city', 'user_agent'],
};

/** Each by itself: the indexes of a long table are made anew, and no statement may take longer than a client would wait. */
const byBytes = ([table, columns]: [string, string[]]) =>
  columns.map((column) => `alter table ${table} alter column ${column} type text collate "C"`);

/** Lists are in the same order on both databases: texts by their bytes, and who has no e-mail address before who has one. */
export const oneOrder: Migration = {
  version: 2,
  name: 'one order',
  statements: [],
  postgres: [
    ...Object.entries(SORTED).flatMap(byBytes),
    'drop index user_listed_email',
    'create index user_listed_email on "user" (email_key nulls first, created_at, id) where is_static = 0',
  ],
};
