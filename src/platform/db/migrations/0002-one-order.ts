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

/** One statement for a table, whose indexes are then made anew once. */
const byBytes = ([table, columns]: [string, string[]]) =>
  `alter table ${table} ${columns.map((column) => `alter column ${column} type text collate "C"`).join(', ')}`;

/** Lists are in the same order on both databases: texts by their bytes, and who has no e-mail address before who has one. */
export const oneOrder: Migration = {
  version: 2,
  name: 'one order',
  statements: [],
  postgres: [
    ...Object.entries(SORTED).map(byBytes),
    'drop index user_listed_email',
    'create index user_listed_email on "user" (email_key nulls first, created_at, id) where is_static = 0',
  ],
};
