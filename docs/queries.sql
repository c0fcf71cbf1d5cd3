-- Made by scripts/queries.ts from every store: run npm run docs. For reading and for query plans; the program does not use it.

-- src/api-keys/store.ts apiKeyStore -------------------------------------------------------------------

-- withOwner
select "k"."id", "k"."user_id", "k"."scopes", "k"."expires_at", "k"."last_used_at", "u"."username", "u"."is_admin", "u"."role", "u"."disabled" from "api_key" as "k" inner join "user" as "u" on "u"."id" = "k"."user_id" where "k"."key_hash" = ?;

-- staticOwner
select "id" as "user_id", "username", "is_admin", "role", "disabled" from "user" where "id" = ? and "is_static" = ?;

-- insertStaticOwner
insert into "user" ("id", "username", "username_key", "email", "email_key", "email_verified", "first_name", "last_name", "display_name", "is_admin", "role", "locale", "disabled", "ldap_id", "is_static", "created_at", "updated_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict ("id") do nothing;

-- removeStaticOwner
delete from "user" where "is_static" = ?;

-- page
select count(*) as "total" from "api_key" where "user_id" = ?;
select "id", "name", "description", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "expiration_email_sent" from "api_key" where "user_id" = ? order by "created_at" asc, "id" asc limit ? offset ?;

-- insert
insert into "api_key" ("id", "user_id", "name", "description", "key_hash", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "expiration_email_sent") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning "id", "name", "description", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "expiration_email_sent";

-- exists
select "id" from "api_key" where "user_id" = ? and "id" = ?;

-- renew
update "api_key" set "user_id" = ?, "last_used_at" = ?, "expiration_email_sent" = ? where "user_id" = ? and "id" = ? and "expires_at" <= ? returning "id", "name", "description", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "expiration_email_sent";

-- remove
delete from "api_key" where "user_id" = ? and "id" = ? returning "name";

-- sweep
delete from "api_key" where "id" in (select "id" from "api_key" where "expires_at" <= ? limit ?) and "expires_at" <= ?;

-- touch
update "api_key" set "last_used_at" = ? where "id" = ? and ("last_used_at" is null or "last_used_at" <= ?);

-- src/apis/store.ts apiStore --------------------------------------------------------------------------

-- page
select count(*) as "total" from "api" where "api"."search_key" like ? escape '\';
select "api".* from "api" where "api"."search_key" like ? escape '\' order by "api"."created_at" asc, "api"."id" asc limit ? offset ?;

-- byId
select * from "api" where "id" = ?;

-- forChange
select * from "api" where "id" = ?;
-- on PostgreSQL
select * from "api" where "id" = $1 for update;

-- insert
insert into "api" ("id", "name", "resource", "allow_cimd", "created_at", "updated_at") values (?, ?, ?, ?, ?, ?);

-- update
update "api" set "name" = ? where "id" = ?;

-- remove
delete from "api" where "id" = ?;

-- permissionsOf
select * from "api_permission" where "api_id" in (?, ?) order by "position";

-- insertPermission
insert into "api_permission" ("id", "api_id", "key", "name", "description", "allow_cimd", "position") values (?, ?, ?, ?, ?, ?, ?);

-- updatePermission
update "api_permission" set "api_id" = ? where "id" = ?;

-- removePermissions
delete from "api_permission" where "id" in (?, ?);

-- clientsOf
select count(*) as "total" from "client" left join "api_grant" on "api_grant"."client_id" = "client"."id" and "api_grant"."api_id" = ? where "api_grant"."client_id" is not null and "client"."search_key" like ? escape '\';
select "client"."id", "client"."name", "client"."client_type", "client"."is_public", "api_grant"."user_access", "api_grant"."client_access" from "client" left join "api_grant" on "api_grant"."client_id" = "client"."id" and "api_grant"."api_id" = ? where "api_grant"."client_id" is not null and "client"."search_key" like ? escape '\' order by "client"."created_at" asc, "client"."id" asc limit ? offset ?;

-- clientsWithout
select count(*) as "total" from "client" where "client"."id" not in (select "client_id" from "api_grant" where "api_id" = ?) and "client"."search_key" like ? escape '\';
select "client"."id", "client"."name", "client"."client_type", "client"."is_public" from "client" where "client"."id" not in (select "client_id" from "api_grant" where "api_id" = ?) and "client"."search_key" like ? escape '\' order by "client"."created_at" asc, "client"."id" asc limit ? offset ?;

-- apisOf
select "api".*, "api_grant"."user_access", "api_grant"."client_access" from "api" left join "api_grant" on "api_grant"."api_id" = "api"."id" and "api_grant"."client_id" = ? where "api_grant"."client_id" is not null order by "api"."created_at", "api"."id";

-- apisWithout
select count(*) as "total" from "api" where "api"."id" not in (select "api_id" from "api_grant" where "client_id" = ?) and "api"."search_key" like ? escape '\';
select "api".* from "api" where "api"."id" not in (select "api_id" from "api_grant" where "client_id" = ?) and "api"."search_key" like ? escape '\' order by "api"."created_at" asc, "api"."id" asc limit ? offset ?;

-- client
select "client"."id", "client"."name", "client"."client_type", "client"."is_public" from "client" where "id" = ?;

-- grant
select * from "api_grant" where "api_id" = ? and "client_id" = ?;

-- granted
select * from "api_grant_permission" where "api_id" in (?) and "client_id" in (?);

-- putGrant
insert into "api_grant" ("api_id", "client_id", "user_access", "client_access", "created_at") values (?, ?, ?, ?, ?) on conflict ("api_id", "client_id") do update set "user_access" = ?, "client_access" = ?;

-- replaceGranted
delete from "api_grant_permission" where "api_id" = ? and "client_id" = ?;
insert into "api_grant_permission" ("api_id", "client_id", "permission_id", "kind") values (?, ?, ?, ?);

-- removeGrant
delete from "api_grant" where "api_id" = ? and "client_id" = ?;

-- accessTo
select "api"."id", "api"."name", "api_grant"."user_access", "api_grant"."client_access", "granted"."kind", "permission"."key", "permission"."name" as "title" from "api" inner join "api_grant" on "api_grant"."api_id" = "api"."id" left join "api_grant_permission" as "granted" on "granted"."api_id" = "api_grant"."api_id" and "granted"."client_id" = "api_grant"."client_id" left join "api_permission" as "permission" on "permission"."id" = "granted"."permission_id" where "api"."resource" = ? and "api_grant"."client_id" = ?;

-- src/audit/store.ts auditStore -----------------------------------------------------------------------

-- insert
insert into "audit_log" ("id", "created_at", "event", "user_id", "username", "actor_user_id", "actor_username", "client_id", "client_name", "ip", "country", "city", "user_agent", "request_id", "reason", "data") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- inserting
insert into "audit_log" ("id", "created_at", "event", "user_id", "username", "actor_user_id", "actor_username", "client_id", "client_name", "ip", "country", "city", "user_agent", "request_id", "reason", "data") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- page
select count(*) as "total" from "audit_log" where "audit_log"."created_at" > ?;
select "audit_log"."id" from "audit_log" where "audit_log"."created_at" <= ? order by "audit_log"."ip" asc, "audit_log"."created_at" asc, "audit_log"."id" asc limit ?;
select "audit_log".* from "audit_log" where ("audit_log"."id" in (?, ?) or "audit_log"."created_at" > ?) order by "audit_log"."ip" asc, "audit_log"."created_at" asc, "audit_log"."id" asc limit ? offset ?;

-- clientNames

      select name from (with recursive names (name) as (
        select min(client_name) from audit_log where client_name is not null
        union all
        select (select min(client_name) from audit_log where client_name > names.name) from names where names.name is not null
      )
      select name from names where name is not null) listed order by name limit ?;

-- users

      select id, username from (with recursive ids (id) as (
        select min(user_id) from audit_log where user_id is not null
        union all
        select (select min(user_id) from audit_log where user_id > ids.id) from ids where ids.id is not null
      ), chosen (id) as (select id from ids where id is not null limit ?)
      select chosen.id, (
        select newest.username from audit_log newest where newest.user_id = chosen.id order by newest.created_at desc limit 1
      ) as username from chosen) listed;

-- removeBefore
delete from "audit_log" where "id" in (select "id" from "audit_log" where "created_at" < ? order by "created_at" limit ?);

-- src/clients/document-store.ts documentStore ---------------------------------------------------------

-- find
select * from "client_document" where "client_id" = ?;

-- client
select * from "client" where "id" = ?;
-- on PostgreSQL
select * from "client" where "id" = $1 for update;

-- insertClient
insert into "client" ("id", "name", "description", "callback_urls", "logout_callback_urls", "is_public", "pkce_enabled", "pkce_supported", "requires_reauthentication", "requires_par", "skip_consent", "is_group_restricted", "launch_url", "federated_identities", "access_token_minutes", "refresh_token_minutes", "id_token_alg", "access_token_alg", "minimal_id_token", "claims_mapping", "client_type", "created_at", "updated_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- updateClient
update "client" set "name" = ? where "id" = ?;

-- put
insert into "client_document" ("client_id", "grants", "logo_uri", "logo_hash", "fetched_at", "expires_at") values (?, ?, ?, ?, ?, ?) on conflict ("client_id") do update set "grants" = ?, "logo_uri" = ?, "logo_hash" = ?, "fetched_at" = ?, "expires_at" = ?;

-- forget
delete from "client" where "id" in (select "c"."id" from "client_document" as "document" inner join "client" as "c" on "c"."id" = "document"."client_id" where "c"."client_type" = ? and "document"."fetched_at" < ? and "c"."launch_url" is null and ("c"."description" = ? and "c"."requires_reauthentication" = ? and "c"."requires_par" = ? and "c"."skip_consent" = ? and "c"."is_group_restricted" = ? and "c"."access_token_minutes" = ? and "c"."refresh_token_minutes" = ? and "c"."access_token_alg" = ? and "c"."minimal_id_token" = ? and "c"."claims_mapping" = ?) and (not exists (select "client_id" from "oauth_grant" where "client_id" = "c"."id") and not exists (select "client_id" from "api_grant" where "client_id" = "c"."id") and not exists (select "client_id" from "client_allowed_group" where "client_id" = "c"."id") and not exists (select "client_id" from "scim_provider" where "client_id" = "c"."id")) limit ?) returning "id", "name";

-- src/clients/store.ts clientStore --------------------------------------------------------------------

-- page
select count(*) as "total" from "client" where "client"."search_key" like ? escape '\';
select "client".* from "client" where "client"."search_key" like ? escape '\' order by "client"."created_at" asc, "client"."id" asc limit ? offset ?;

-- allowedCounts
select "client_id", count(*) as "n" from "client_allowed_group" where "client_id" in (?, ?) group by "client_id";

-- byId
select * from "client" where "id" = ?;

-- forChange
select * from "client" where "id" = ?;
-- on PostgreSQL
select * from "client" where "id" = $1 for no key update;

-- forRemoval
select * from "client" where "id" = ?;
-- on PostgreSQL
select * from "client" where "id" = $1 for update;

-- ofGroup
select "client".* from "client_allowed_group" as "allowed" inner join "client" on "client"."id" = "allowed"."client_id" where "allowed"."group_id" = ? order by "client"."created_at", "client"."id";

-- insert
insert into "client" ("id", "name", "description", "callback_urls", "logout_callback_urls", "is_public", "pkce_enabled", "pkce_supported", "requires_reauthentication", "requires_par", "skip_consent", "is_group_restricted", "launch_url", "federated_identities", "access_token_minutes", "refresh_token_minutes", "id_token_alg", "access_token_alg", "minimal_id_token", "claims_mapping", "client_type", "created_at", "updated_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- update
update "client" set "name" = ? where "id" = ?;

-- remove
delete from "client" where "id" = ?;

-- secretsOf
select "id", "client_id", "prefix", "created_at", "expires_at" from "client_secret" where "client_id" in (?, ?) order by "created_at", "id";

-- insertSecret
insert into "client_secret" ("id", "client_id", "secret_hash", "prefix", "created_at", "expires_at") values (?, ?, ?, ?, ?, ?);

-- removeSecrets
delete from "client_secret" where "client_id" = ?;

-- removeSecret
delete from "client_secret" where "client_id" = ? and "id" = ? returning "prefix";

-- existing
select "id", "name" from "client" where "id" in (?, ?);

-- allowedGroupIds
select "group_id" from "client_allowed_group" where "client_id" = ?;

-- clientIdsOfGroup
select "client_id" from "client_allowed_group" where "group_id" = ?;

-- allow
insert into "client_allowed_group" ("client_id", "group_id") values (?, ?) on conflict do nothing;

-- disallow
delete from "client_allowed_group" where "client_id" = ?;

-- disallowGroup
delete from "client_allowed_group" where "group_id" = ?;

-- src/consents/store.ts consentStore ------------------------------------------------------------------

-- scopes
select "scopes" from "consent" where "user_id" = ? and "client_id" = ?;

-- put
insert into "consent" ("user_id", "client_id", "scopes", "created_at", "last_used_at") values (?, ?, ?, ?, ?) on conflict ("user_id", "client_id") do update set "scopes" = ?, "last_used_at" = ?;

-- touch
update "consent" set "last_used_at" = ? where "user_id" = ? and "client_id" = ?;

-- remove
delete from "consent" where "user_id" = ? and "client_id" = ? returning "client_id";

-- removeOfClient
delete from "consent" where "client_id" = ?;

-- personExists
select "id" from "user" where "id" = ?;

-- authorized
select count(*) as "total" from (select "client"."id", "client"."name", "client"."description", "client"."launch_url", "client"."requires_reauthentication", "client"."client_type", "consent"."scopes", "consent"."last_used_at", case when client.launch_url is null then 0 else 1 end as "has_launch_url" from "consent" inner join "client" on "client"."id" = "consent"."client_id" where "consent"."user_id" = ?) as "consents";
select * from (select "client"."id", "client"."name", "client"."description", "client"."launch_url", "client"."requires_reauthentication", "client"."client_type", "consent"."scopes", "consent"."last_used_at", case when client.launch_url is null then 0 else 1 end as "has_launch_url" from "consent" inner join "client" on "client"."id" = "consent"."client_id" where "consent"."user_id" = ?) as "consents" order by "last_used_at" desc, "id" desc limit ? offset ?;

-- accessible
select count(*) as "total" from (select "client"."id", "client"."name", "client"."description", "client"."launch_url", "client"."requires_reauthentication", "client"."client_type", "client"."search_key", "consent"."last_used_at", case when client.launch_url is null then 0 else 1 end as "has_launch_url" from "client" left join "consent" on "consent"."client_id" = "client"."id" and "consent"."user_id" = ? where ("client"."is_group_restricted" = ? or exists (select 1 as "one" from "client_allowed_group" inner join "user_group_member" on "user_group_member"."group_id" = "client_allowed_group"."group_id" where "client_allowed_group"."client_id" = "client"."id" and "user_group_member"."user_id" = ?))) as "clients";
select * from (select "client"."id", "client"."name", "client"."description", "client"."launch_url", "client"."requires_reauthentication", "client"."client_type", "client"."search_key", "consent"."last_used_at", case when client.launch_url is null then 0 else 1 end as "has_launch_url" from "client" left join "consent" on "consent"."client_id" = "client"."id" and "consent"."user_id" = ? where ("client"."is_group_restricted" = ? or exists (select 1 as "one" from "client_allowed_group" inner join "user_group_member" on "user_group_member"."group_id" = "client_allowed_group"."group_id" where "client_allowed_group"."client_id" = "client"."id" and "user_group_member"."user_id" = ?))) as "clients" order by "search_key" asc, "id" asc limit ? offset ?;

-- src/custom-claims/store.ts customClaimStore ---------------------------------------------------------

-- of
select "user_id" as "owner", "key", "value" from "custom_claim" where "user_id" in (?, ?) order by "user_id", "position";

-- replace
delete from "custom_claim" where "user_id" = ?;
insert into "custom_claim" ("id", "key", "value", "user_id", "group_id", "position") values (?, ?, ?, ?, ?, ?);

-- keysByUse
select "key" from "custom_claim" group by "key" order by count(*) desc, "key";

-- src/device-login/store.ts deviceLoginStore ----------------------------------------------------------

-- insert
insert into "device_login" ("id", "user_code_hash", "token_hash", "ip", "user_agent", "decision", "user_id", "created_at", "expires_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- ofBrowser
select "decision" from "device_login" where "id" = ? and "token_hash" = ? and "expires_at" > ?;

-- undecided
select * from "device_login" where "user_code_hash" = ? and "decision" is null and "expires_at" > ?;

-- decide
update "device_login" set "decision" = ?, "user_id" = ? where "user_code_hash" = ? and "decision" is null and "expires_at" > ? returning "id";

-- takeApproved
delete from "device_login" where "id" = ? and "token_hash" = ? and "decision" = ? and "expires_at" > ? returning "user_id";

-- person
select "id", "disabled" from "user" where "id" = ?;

-- sweep
delete from "device_login" where "id" in (select "id" from "device_login" where "expires_at" <= ? limit ?);

-- src/grants/assertion-store.ts assertionStore --------------------------------------------------------

-- take
insert into "used_assertion" ("jti_hash", "expires_at") values (?, ?) on conflict ("jti_hash") do nothing returning "jti_hash";

-- sweep
delete from "used_assertion" where "jti_hash" in (select "jti_hash" from "used_assertion" where "expires_at" < ? limit ?);

-- src/grants/device-store.ts deviceStore --------------------------------------------------------------

-- insert
insert into "device_request" ("device_hash", "user_code_hash", "client_id", "scope", "resource", "status", "claimed_by", "poll_seconds", "last_polled_at", "ip", "user_agent", "created_at", "expires_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- find
select * from "device_request" where "device_hash" = ? and "client_id" = ?;

-- byUserCode
select * from "device_request" where "user_code_hash" = ? and "status" = ? and "expires_at" > ?;

-- notePoll
update "device_request" set "user_code_hash" = ? where "device_hash" = ?;

-- claim
update "device_request" set "claimed_by" = ? where "user_code_hash" = ? and "status" = ? and "expires_at" > ? and ("claimed_by" is null or "claimed_by" = ?) returning "device_hash";

-- takeClaimed
delete from "device_request" where "user_code_hash" = ? and "status" = ? and "claimed_by" = ? and "expires_at" > ? returning *;

-- deny
update "device_request" set "status" = ? where "user_code_hash" = ? and "status" = ? and "claimed_by" = ? and "expires_at" > ? returning "device_hash";

-- sweep
delete from "device_request" where "device_hash" in (select "device_hash" from "device_request" where "expires_at" < ? limit ?);

-- src/grants/pushed-store.ts pushedStore --------------------------------------------------------------

-- insert
insert into "pushed_request" ("uri_hash", "client_id", "parameters", "taken_by", "created_at", "expires_at") values (?, ?, ?, ?, ?, ?);

-- take
update "pushed_request" set "taken_by" = ? where "uri_hash" = ? and "client_id" = ? and "expires_at" > ? and ("taken_by" is null or "taken_by" = ?) returning "parameters";

-- remove
delete from "pushed_request" where "uri_hash" = ? returning "uri_hash";

-- sweep
delete from "pushed_request" where "uri_hash" in (select "uri_hash" from "pushed_request" where "expires_at" < ? limit ?);

-- src/grants/store.ts grantStore ----------------------------------------------------------------------

-- insertInSession
insert into "oauth_grant" ("id", "client_id", "user_id", "session_id", "kind", "scope", "resource", "auth_time", "amr", "request", "code_hash", "code_expires_at", "code_used_at", "created_at", "expires_at", "revoked_at") select ? as "id", ? as "client_id", ? as "user_id", ? as "session_id", ? as "kind", ? as "scope", ? as "resource", ? as "auth_time", ? as "amr", ? as "request", ? as "code_hash", ? as "code_expires_at", ? as "code_used_at", ? as "created_at", ? as "expires_at", ? as "revoked_at" from "session" inner join "user" on "user"."id" = "session"."user_id" where "session"."id" = ? and "session"."user_id" = ? and "user"."disabled" = ?;
-- on PostgreSQL
insert into "oauth_grant" ("id", "client_id", "user_id", "session_id", "kind", "scope", "resource", "auth_time", "amr", "request", "code_hash", "code_expires_at", "code_used_at", "created_at", "expires_at", "revoked_at") select $1 as "id", $2 as "client_id", $3 as "user_id", $4 as "session_id", $5 as "kind", $6 as "scope", $7 as "resource", $8 as "auth_time", $9 as "amr", $10 as "request", $11 as "code_hash", $12 as "code_expires_at", $13 as "code_used_at", $14 as "created_at", $15 as "expires_at", $16 as "revoked_at" from "session" inner join "user" on "user"."id" = "session"."user_id" where "session"."id" = $17 and "session"."user_id" = $18 and "user"."disabled" = $19 for key share of "user", "session";

-- insertTokens
insert into "oauth_token" ("token_hash", "kind", "grant_id", "jti", "scope", "audience", "issued_at", "expires_at", "used_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- insertWithTokens
insert into "oauth_grant" ("id", "client_id", "user_id", "session_id", "kind", "scope", "resource", "auth_time", "amr", "request", "code_hash", "code_expires_at", "code_used_at", "created_at", "expires_at", "revoked_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
insert into "oauth_token" ("token_hash", "kind", "grant_id", "jti", "scope", "audience", "issued_at", "expires_at", "used_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- redeemCode
update "oauth_grant" set "code_used_at" = ? where "id" = ? and "code_hash" = ? and "code_used_at" is null and "revoked_at" is null and "code_expires_at" > ?;
insert into "oauth_token" ("token_hash", "kind", "grant_id", "jti", "scope", "audience", "issued_at", "expires_at", "used_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- rotate
update "oauth_token" set "used_at" = ? where "token_hash" = ? and "kind" = ? and "used_at" is null and "expires_at" > ?;
delete from "oauth_token" where "grant_id" = ? and "kind" = ?;
insert into "oauth_token" ("token_hash", "kind", "grant_id", "jti", "scope", "audience", "issued_at", "expires_at", "used_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?);
delete from "oauth_token" where "grant_id" = ? and "kind" = ? and "expires_at" < ?;

-- deleteToken
delete from "oauth_token" where "token_hash" = ?;

-- revoke
update "oauth_grant" set "revoked_at" = ? where "id" = ? and "revoked_at" is null;

-- revokeOfSession
update "oauth_grant" set "revoked_at" = ? where "session_id" = ? and "revoked_at" is null and ' ' || scope || ' ' not like ?;

-- revokeOfSessionAndClient
update "oauth_grant" set "revoked_at" = ? where "session_id" = ? and "client_id" = ? and "revoked_at" is null;

-- revokeOfUserAndClient
update "oauth_grant" set "revoked_at" = ? where "user_id" = ? and "client_id" = ? and "revoked_at" is null;

-- sweep
delete from "oauth_grant" where "id" in (select "id" from "oauth_grant" where "expires_at" < ? limit ?);

-- src/groups/store.ts groupStore ----------------------------------------------------------------------

-- page
with "found" as materialized (select "user_group"."id" as "id" from "user_group" where "user_group"."search_key" like ? escape '\' limit ?) select "found"."id" as "id", (select count(*) from found) as "total" from "found" inner join "user_group" on "user_group"."id" = "found"."id" order by "user_group"."created_at" asc, "user_group"."id" asc limit ? offset ?;
-- on PostgreSQL
with "found" as materialized (select "user_group"."id" as "id", "user_group"."created_at" as "key0", "user_group"."id" as "key1" from "user_group" where "user_group"."search_key" like $1 escape '\' limit $2) select "found"."id" as "id", (select count(*) from found) as "total" from "found" order by "found"."key0" asc, "found"."key1" asc limit $3 offset $4;

-- byId
select "user_group"."id", "user_group"."name", "user_group"."friendly_name", "user_group"."ldap_id", "user_group"."member_count", "user_group"."created_at" from "user_group" where "id" = ?;

-- forChange
select "user_group"."id", "user_group"."name", "user_group"."friendly_name", "user_group"."ldap_id", "user_group"."member_count", "user_group"."created_at" from "user_group" where "id" = ?;
-- on PostgreSQL
select "user_group"."id", "user_group"."name", "user_group"."friendly_name", "user_group"."ldap_id", "user_group"."member_count", "user_group"."created_at" from "user_group" where "id" = $1 for no key update;

-- forRemoval
select "user_group"."id", "user_group"."name", "user_group"."friendly_name", "user_group"."ldap_id", "user_group"."member_count", "user_group"."created_at" from "user_group" where "id" = ?;
-- on PostgreSQL
select "user_group"."id", "user_group"."name", "user_group"."friendly_name", "user_group"."ldap_id", "user_group"."member_count", "user_group"."created_at" from "user_group" where "id" = $1 for update;

-- holdAll
select "id" from "user_group" where "id" in (?, ?) order by "id";
-- on PostgreSQL
select "id" from "user_group" where "id" in ($1, $2) order by "id" for no key update;

-- membershipsOf
select "user_id", "group_id" from "user_group_member" where "user_id" in (?, ?);

-- some
select "user_group"."id", "user_group"."name", "user_group"."friendly_name", "user_group"."ldap_id", "user_group"."member_count", "user_group"."created_at" from "user_group" where "user_group"."id" in (?, ?) order by "user_group"."created_at", "user_group"."id";

-- ofClient
select "user_group"."id", "user_group"."name", "user_group"."friendly_name", "user_group"."ldap_id", "user_group"."member_count", "user_group"."created_at" from "client_allowed_group" as "allowed" inner join "user_group" on "user_group"."id" = "allowed"."group_id" where "allowed"."client_id" = ? order by "user_group"."created_at", "user_group"."id";

-- existing
select "id", "name" from "user_group" where "id" in (?, ?);

-- existingUsers
select "id", "username", "is_admin", "role" from "user" where "id" in (?, ?) and "is_static" = ?;

-- withAdministrators
select distinct "member"."group_id" from "user_group_member" as "member" inner join "user" on "user"."id" = "member"."user_id" where "member"."group_id" in (?, ?) and ("user"."is_admin" = ? or "user"."role" <> ?);

-- groupIdsOf
select "group_id" from "user_group_member" where "user_id" = ?;

-- members
select "user"."id", "user"."username", "user"."is_admin", "user"."role" from "user_group_member" as "member" inner join "user" on "user"."id" = "member"."user_id" where "member"."group_id" = ?;

-- addMembers
insert into "user_group_member" ("user_id", "group_id") values (?, ?) on conflict do nothing returning "group_id";

-- removeMembers
delete from "user_group_member" where "group_id" = ? and "user_id" in (?, ?) returning "group_id";

-- removeFromGroups
delete from "user_group_member" where "user_id" = ? and "group_id" in (?, ?) returning "group_id";

-- insert
insert into "user_group" ("id", "name", "friendly_name", "ldap_id", "member_count", "created_at", "updated_at") values (?, ?, ?, ?, ?, ?, ?);

-- update
update "user_group" set "name" = ? where "id" = ?;

-- remove
delete from "user_group" where "id" = ?;

-- src/images/store.ts imageStore ----------------------------------------------------------------------

-- byKey
select "type", "bytes", "hash" from "image" where "key" = ?;

-- put
insert into "image" ("key", "user_id", "client_id", "type", "bytes", "hash", "updated_at") values (?, ?, ?, ?, ?, ?, ?) on conflict ("key") do update set "type" = ?, "bytes" = ?, "hash" = ?, "updated_at" = ?;

-- hashOf
select "hash" from "image" where "key" = ?;

-- remove
delete from "image" where "key" = ?;

-- versions
select "key", "type", "hash" from "image" where "key" in (?, ?) and "type" != ?;

-- logosOf
select "client_id", "key", "hash" from "image" where "client_id" in (?, ?);

-- src/integrations/scim/store.ts scimStore ------------------------------------------------------------

-- byId
select * from "scim_provider" where "id" = ?;

-- forChange
select * from "scim_provider" where "id" = ?;
-- on PostgreSQL
select * from "scim_provider" where "id" = $1 for update;

-- ofClient
select * from "scim_provider" where "client_id" = ?;

-- insert
insert into "scim_provider" ("id", "client_id", "endpoint", "sealed_token", "last_synced_at", "created_at") values (?, ?, ?, ?, ?, ?);

-- update
update "scim_provider" set "client_id" = ? where "id" = ?;

-- remove
delete from "scim_provider" where "id" = ? returning *;

-- src/one-time-codes/store.ts oneTimeCodeStore --------------------------------------------------------

-- insert
insert into "one_time_code" ("code_hash", "kind", "user_id", "length", "failures", "device_hash", "created_at", "expires_at") values (?, ?, ?, ?, ?, ?, ?, ?) on conflict ("code_hash") do nothing returning "code_hash";

-- live
select "user"."id", "user"."username", "user"."disabled" from "one_time_code" inner join "user" on "user"."id" = "one_time_code"."user_id" where "code_hash" = ? and "expires_at" > ? and "failures" < ?;

-- take
delete from "one_time_code" where "code_hash" = ? returning "user_id";

-- countFailure
update "one_time_code" set "failures" = "failures" + ? where "length" = ? and "expires_at" > ?;

-- removeAllOf
delete from "one_time_code" where "user_id" = ?;

-- sweep
delete from "one_time_code" where "code_hash" in (select "code_hash" from "one_time_code" where "expires_at" <= ? limit ?);

-- people
select "id", "username", "disabled" from "user" where ("username_key" = ? or "email_key" = ?) and "is_static" = ? order by "username_key";

-- src/passkeys/store.ts passkeyStore ------------------------------------------------------------------

-- insertChallenge
insert into "webauthn_challenge" ("challenge", "browser_hash", "ceremony", "user_id", "session_id", "expires_at") values (?, ?, ?, ?, ?, ?);

-- answered
select "asked"."user_id" as "asked_user_id", "asked"."session_id" as "asked_session_id", "passkey"."id", "passkey"."user_id", "passkey"."credential_id", "passkey"."public_key", "passkey"."counter", "passkey"."name", "passkey"."backup_eligible", "passkey"."backup_state", "passkey"."last_used_at", "user"."username", "user"."disabled" from "webauthn_challenge" as "asked" left join "passkey" on "passkey"."credential_id" = ? left join "user" on "user"."id" = "passkey"."user_id" where "asked"."challenge" = ? and "asked"."browser_hash" = ? and "asked"."ceremony" = ? and "asked"."expires_at" > ?;

-- takeChallenge
delete from "webauthn_challenge" where "challenge" = ? and "browser_hash" = ? and "ceremony" = ? and "expires_at" > ? returning "user_id", "session_id", "expires_at";

-- taking
delete from "webauthn_challenge" where "challenge" = ? and "browser_hash" = ? and "ceremony" = ? and "expires_at" > ?;

-- notingUse
update "passkey" set "counter" = ?, "backup_state" = ?, "last_used_at" = ? where "id" = ?;

-- insert
insert into "passkey" ("id", "user_id", "credential_id", "public_key", "counter", "transports", "backup_eligible", "backup_state", "aaguid", "attestation_type", "name", "created_at", "last_used_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict ("credential_id") do nothing returning "id";

-- listOf
select * from "passkey" where "user_id" = ? order by "created_at", "id";

-- rename
update "passkey" set "name" = ? where "id" = ? and "user_id" = ? returning *;

-- remove
delete from "passkey" where "id" = ? and "user_id" = ? returning *;

-- person
select "id", "username", "display_name" from "user" where "id" = ?;

-- sweep
delete from "webauthn_challenge" where "challenge" in (select "challenge" from "webauthn_challenge" where "expires_at" <= ? limit ?);
delete from "reauthentication" where "token_hash" in (select "token_hash" from "reauthentication" where "expires_at" <= ? limit ?);

-- insertProof
insert into "reauthentication" ("token_hash", "user_id", "session_id", "auth_time", "expires_at") values (?, ?, ?, ?, ?);

-- takeProof
delete from "reauthentication" where "token_hash" = ? and "user_id" = ? and "session_id" = ? and "expires_at" > ? returning "auth_time";

-- src/sessions/store.ts sessionStore ------------------------------------------------------------------

-- insert
insert into "session" ("id", "session_hash", "user_id", "auth_time", "amr", "created_at", "last_seen_at", "expires_at", "ip", "user_agent") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- inserting
insert into "session" ("id", "session_hash", "user_id", "auth_time", "amr", "created_at", "last_seen_at", "expires_at", "ip", "user_agent") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- renew
update "session" set "session_hash" = ?, "auth_time" = ?, "amr" = ?, "created_at" = ?, "last_seen_at" = ?, "expires_at" = ?, "ip" = ?, "user_agent" = ? where "session_hash" = ? and "user_id" = ? returning "id";

-- findByHash
select "session".*, "user"."username", "user"."display_name", "user"."is_admin", "user"."role", "user"."disabled" from "session" inner join "user" on "user"."id" = "session"."user_id" where "session"."session_hash" = ?;

-- touch
update "session" set "last_seen_at" = ? where "id" = ? and "last_seen_at" <= ?;

-- listOf
select "session".* from "session" inner join "user" on "user"."id" = "session"."user_id" where "session"."user_id" = ? and "user"."disabled" = ? and "session"."expires_at" > ? and "session"."last_seen_at" > ? order by "session"."created_at" desc, "session"."id";

-- removeByHash
delete from "session" where "session_hash" = ? returning "id", "user_id";

-- remove
delete from "session" where "id" = ? and "user_id" = ? returning "id", "user_id";

-- removeAllOf
delete from "session" where "user_id" = ? and "id" <> ? returning "id";

-- sweep
delete from "session" where "id" in (select "id" from "session" where ("expires_at" <= ? or "last_seen_at" <= ?) limit ?);

-- username
select "id", "username" from "user" where "id" = ?;

-- src/settings/store.ts settingStore ------------------------------------------------------------------

-- all
select "key", "value" from "setting";

-- put
insert into "setting" ("key", "value") values (?, ?) on conflict ("key") do update set "value" = ?;

-- remove
delete from "setting" where "key" = ?;

-- src/sign-in/store.ts signInStore --------------------------------------------------------------------

-- insert
insert into "interaction" ("id", "browser_hash", "client_id", "user_id", "session_id", "request", "progress", "created_at", "expires_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- find
select * from "interaction" where "id" = ?;

-- save
update "interaction" set "user_id" = ?, "progress" = ? where "id" = ?;

-- take
delete from "interaction" where "id" = ? and "browser_hash" = ? and "expires_at" > ? returning "id";

-- sweep
delete from "interaction" where "id" in (select "id" from "interaction" where "expires_at" < ? limit ?);

-- groupNames
select "id", "friendly_name" from "user_group" where "id" in (?, ?) order by "friendly_name";

-- administrator
select "display_name" from "user" where "is_admin" = ? and "is_static" = ? and "disabled" = ? order by "created_at", "id";

-- notePkce
update "client" set "pkce_supported" = ? where "id" = ? and "pkce_enabled" = ?;

-- src/sign-up/store.ts setUpStore ---------------------------------------------------------------------

-- state
select "setup_hash", "setup_completed_at", (select count(*) from (select 1 from "user" where is_static = 0 limit 1) as anybody) as "people" from "installation" where "id" = ?;

-- setSecret
update "installation" set "setup_hash" = ? where "id" = ? and "setup_completed_at" is null;

-- complete
update "installation" set "setup_hash" = ?, "setup_completed_at" = ? where "id" = ? and "setup_completed_at" is null;

-- src/sign-up/store.ts signupTokenStore ---------------------------------------------------------------

-- insert
insert into "signup_token" ("id", "token_hash", "sealed_token", "expires_at", "usage_limit", "usage_count", "created_at") values (?, ?, ?, ?, ?, ?, ?);
insert into "signup_token_group" ("token_id", "group_id") values (?, ?), (?, ?);

-- page
select count(*) as "total" from "signup_token";
select * from "signup_token" order by "created_at" asc, "id" asc limit ? offset ?;

-- groupsOf
select * from "signup_token_group" where "token_id" in (?, ?);

-- use
update "signup_token" set "usage_count" = "usage_count" + ? where "token_hash" = ? and "expires_at" > ? and "usage_count" < "usage_limit" returning "id";

-- usable
select "id" from "signup_token" where "token_hash" = ? and "expires_at" > ? and "usage_count" < "usage_limit";

-- remove
delete from "signup_token" where "id" = ? returning "id", "usage_count";

-- src/signing-keys/store.ts signingKeyStore -----------------------------------------------------------

-- list
select * from "signing_key" where ("ends_at" is null or "ends_at" > ?) order by "created_at", "kid";

-- insertUnlessThere
insert into "signing_key" ("kid", "alg", "stage", "public_jwk", "sealed_private_jwk", "created_at", "ends_at") values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing;

-- move
update "signing_key" set "stage" = ?, "ends_at" = ? where "kid" = ? and "stage" = ?;

-- lastTokenEnd
select max("expires_at") as "end" from "oauth_token" where "kind" = ?;

-- longestTokenSeconds
select max("access_token_minutes") as "minutes" from "client";

-- src/users/store.ts userStore ------------------------------------------------------------------------

-- page
with "found" as materialized (select "user"."id" as "id" from "user" where "user".is_static = 0 and "user"."search_key" like ? escape '\' limit ?) select "found"."id" as "id", (select count(*) from found) as "total" from "found" inner join "user" on "user"."id" = "found"."id" order by "user"."created_at" asc, "user"."id" asc limit ? offset ?;
-- on PostgreSQL
with "found" as materialized (select "user"."id" as "id", "user"."created_at" as "key0", "user"."id" as "key1" from "user" where "user".is_static = 0 and "user"."search_key" like $1 escape '\' limit $2) select "found"."id" as "id", (select count(*) from found) as "total" from "found" order by "found"."key0" asc, "found"."key1" asc limit $3 offset $4;

-- byId
select "user"."id", "user"."username", "user"."email", "user"."email_verified", "user"."first_name", "user"."last_name", "user"."display_name", "user"."is_admin", "user"."role", "user"."locale", "user"."disabled", "user"."ldap_id", "user"."username_key", "user"."email_key", "user"."is_static", "user"."created_at", "user"."updated_at" from "user" where "user"."id" = ? and "user"."is_static" = ?;

-- self
select "user"."id", "user"."username", "user"."email", "user"."email_verified", "user"."first_name", "user"."last_name", "user"."display_name", "user"."is_admin", "user"."role", "user"."locale", "user"."disabled", "user"."ldap_id", "user"."username_key", "user"."email_key", "user"."is_static", "user"."created_at", "user"."updated_at" from "user" where "user"."id" = ?;

-- forChange
select "user"."id", "user"."username", "user"."email", "user"."email_verified", "user"."first_name", "user"."last_name", "user"."display_name", "user"."is_admin", "user"."role", "user"."locale", "user"."disabled", "user"."ldap_id", "user"."username_key", "user"."email_key", "user"."is_static", "user"."created_at", "user"."updated_at" from "user" where "user"."id" = ? and "user"."is_static" = ?;
-- on PostgreSQL
select "user"."id", "user"."username", "user"."email", "user"."email_verified", "user"."first_name", "user"."last_name", "user"."display_name", "user"."is_admin", "user"."role", "user"."locale", "user"."disabled", "user"."ldap_id", "user"."username_key", "user"."email_key", "user"."is_static", "user"."created_at", "user"."updated_at" from "user" where "user"."id" = $1 and "user"."is_static" = $2 for update;

-- forMembership
select "user"."id", "user"."username", "user"."email", "user"."email_verified", "user"."first_name", "user"."last_name", "user"."display_name", "user"."is_admin", "user"."role", "user"."locale", "user"."disabled", "user"."ldap_id", "user"."username_key", "user"."email_key", "user"."is_static", "user"."created_at", "user"."updated_at" from "user" where "user"."id" = ? and "user"."is_static" = ?;
-- on PostgreSQL
select "user"."id", "user"."username", "user"."email", "user"."email_verified", "user"."first_name", "user"."last_name", "user"."display_name", "user"."is_admin", "user"."role", "user"."locale", "user"."disabled", "user"."ldap_id", "user"."username_key", "user"."email_key", "user"."is_static", "user"."created_at", "user"."updated_at" from "user" where "user"."id" = $1 and "user"."is_static" = $2 for no key update;

-- holdAdministrators
select "user"."id" from "user" where "user"."is_admin" = ? and "user"."disabled" = ? and ("user"."is_static" = ? or "user"."id" = ?) order by "user"."id";
-- on PostgreSQL
select "user"."id" from "user" where "user"."is_admin" = $1 and "user"."disabled" = $2 and ("user"."is_static" = $3 or "user"."id" = $4) order by "user"."id" for no key update;

-- ofGroup
select "user"."id", "user"."username", "user"."email", "user"."email_verified", "user"."first_name", "user"."last_name", "user"."display_name", "user"."is_admin", "user"."role", "user"."locale", "user"."disabled", "user"."ldap_id" from "user_group_member" as "member" inner join "user" on "user"."id" = "member"."user_id" where "member"."group_id" = ? and "user"."is_static" = ? order by "user"."created_at", "user"."id";

-- insert
insert into "user" ("id", "username", "username_key", "email", "email_key", "email_verified", "first_name", "last_name", "display_name", "is_admin", "role", "locale", "disabled", "ldap_id", "is_static", "created_at", "updated_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- update
update "user" set "username" = ? where "id" = ?;

-- remove
delete from "webauthn_challenge" where "user_id" = ?;
delete from "user" where "id" = ?;

-- endAccess
delete from "one_time_code" where "user_id" = ?;
delete from "webauthn_challenge" where "user_id" = ?;
update "oauth_grant" set "revoked_at" = ? where "user_id" = ? and "revoked_at" is null;

-- endSessions
delete from "session" where "user_id" = ?;

-- removeOneTimeCodes
delete from "one_time_code" where "user_id" = ?;

-- src/grants/facts.ts --------------------------------------------------------------------------------

-- authorize: client and session
select s.id as "session_id", s.user_id as "session_userId", s.auth_time as "session_authTime", s.amr as "session_amr", s.created_at as "session_createdAt", s.last_seen_at as "session_lastSeenAt", s.expires_at as "session_expiresAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select json_group_array(json_object('hash', x.secret_hash, 'expiresAt', x.expires_at)) from client_secret x where x.client_id = c.id) as "client_secrets", (select json_group_array(a.group_id) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select json_group_array(json_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select json_group_array(json_object('id', y.id, 'name', y.name)) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select json_group_array(json_object('key', v.key, 'value', v.value, 'group', v.grp)) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join session s on s.session_hash = ? left join client c on c.id = ? left join "user" u on u.id = s.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;
-- on PostgreSQL
select s.id as "session_id", s.user_id as "session_userId", s.auth_time as "session_authTime", s.amr as "session_amr", s.created_at as "session_createdAt", s.last_seen_at as "session_lastSeenAt", s.expires_at as "session_expiresAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select cast(coalesce(json_agg(json_build_object('hash', x.secret_hash, 'expiresAt', x.expires_at)), '[]') as text) from client_secret x where x.client_id = c.id) as "client_secrets", (select cast(coalesce(json_agg(a.group_id), '[]') as text) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select cast(coalesce(json_agg(json_build_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)), '[]') as text) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select cast(coalesce(json_agg(json_build_object('id', y.id, 'name', y.name)), '[]') as text) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select cast(coalesce(json_agg(json_build_object('key', v.key, 'value', v.value, 'group', v.grp)), '[]') as text) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join session s on s.session_hash = $1 left join client c on c.id = $2 left join "user" u on u.id = s.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;

-- token endpoint: client and code
select g.id as "grant_id", g.client_id as "grant_clientId", g.user_id as "grant_userId", g.session_id as "grant_sessionId", g.kind as "grant_kind", g.scope as "grant_scope", g.resource as "grant_resource", g.auth_time as "grant_authTime", g.amr as "grant_amr", g.request as "grant_request", g.code_expires_at as "grant_codeExpiresAt", g.code_used_at as "grant_codeUsedAt", g.created_at as "grant_createdAt", g.expires_at as "grant_expiresAt", g.revoked_at as "grant_revokedAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select json_group_array(json_object('hash', x.secret_hash, 'expiresAt', x.expires_at)) from client_secret x where x.client_id = c.id) as "client_secrets", (select json_group_array(a.group_id) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select json_group_array(json_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select json_group_array(json_object('id', y.id, 'name', y.name)) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select json_group_array(json_object('key', v.key, 'value', v.value, 'group', v.grp)) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join oauth_grant g on g.code_hash = ? left join client c on c.id = ? left join "user" u on u.id = g.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;
-- on PostgreSQL
select g.id as "grant_id", g.client_id as "grant_clientId", g.user_id as "grant_userId", g.session_id as "grant_sessionId", g.kind as "grant_kind", g.scope as "grant_scope", g.resource as "grant_resource", g.auth_time as "grant_authTime", g.amr as "grant_amr", g.request as "grant_request", g.code_expires_at as "grant_codeExpiresAt", g.code_used_at as "grant_codeUsedAt", g.created_at as "grant_createdAt", g.expires_at as "grant_expiresAt", g.revoked_at as "grant_revokedAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select cast(coalesce(json_agg(json_build_object('hash', x.secret_hash, 'expiresAt', x.expires_at)), '[]') as text) from client_secret x where x.client_id = c.id) as "client_secrets", (select cast(coalesce(json_agg(a.group_id), '[]') as text) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select cast(coalesce(json_agg(json_build_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)), '[]') as text) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select cast(coalesce(json_agg(json_build_object('id', y.id, 'name', y.name)), '[]') as text) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select cast(coalesce(json_agg(json_build_object('key', v.key, 'value', v.value, 'group', v.grp)), '[]') as text) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join oauth_grant g on g.code_hash = $1 left join client c on c.id = $2 left join "user" u on u.id = g.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;

-- token endpoint, introspection, revocation: client and token
select t.kind as "token_kind", t.grant_id as "token_grantId", t.jti as "token_jti", t.scope as "token_scope", t.audience as "token_audience", t.issued_at as "token_issuedAt", t.expires_at as "token_expiresAt", t.used_at as "token_usedAt", g.id as "grant_id", g.client_id as "grant_clientId", g.user_id as "grant_userId", g.session_id as "grant_sessionId", g.kind as "grant_kind", g.scope as "grant_scope", g.resource as "grant_resource", g.auth_time as "grant_authTime", g.amr as "grant_amr", g.request as "grant_request", g.code_expires_at as "grant_codeExpiresAt", g.code_used_at as "grant_codeUsedAt", g.created_at as "grant_createdAt", g.expires_at as "grant_expiresAt", g.revoked_at as "grant_revokedAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select json_group_array(json_object('hash', x.secret_hash, 'expiresAt', x.expires_at)) from client_secret x where x.client_id = c.id) as "client_secrets", (select json_group_array(a.group_id) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select json_group_array(json_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select json_group_array(json_object('id', y.id, 'name', y.name)) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select json_group_array(json_object('key', v.key, 'value', v.value, 'group', v.grp)) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join oauth_token t on t.token_hash = ? left join oauth_grant g on g.id = t.grant_id left join client c on c.id = ? left join "user" u on u.id = g.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;
-- on PostgreSQL
select t.kind as "token_kind", t.grant_id as "token_grantId", t.jti as "token_jti", t.scope as "token_scope", t.audience as "token_audience", t.issued_at as "token_issuedAt", t.expires_at as "token_expiresAt", t.used_at as "token_usedAt", g.id as "grant_id", g.client_id as "grant_clientId", g.user_id as "grant_userId", g.session_id as "grant_sessionId", g.kind as "grant_kind", g.scope as "grant_scope", g.resource as "grant_resource", g.auth_time as "grant_authTime", g.amr as "grant_amr", g.request as "grant_request", g.code_expires_at as "grant_codeExpiresAt", g.code_used_at as "grant_codeUsedAt", g.created_at as "grant_createdAt", g.expires_at as "grant_expiresAt", g.revoked_at as "grant_revokedAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select cast(coalesce(json_agg(json_build_object('hash', x.secret_hash, 'expiresAt', x.expires_at)), '[]') as text) from client_secret x where x.client_id = c.id) as "client_secrets", (select cast(coalesce(json_agg(a.group_id), '[]') as text) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select cast(coalesce(json_agg(json_build_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)), '[]') as text) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select cast(coalesce(json_agg(json_build_object('id', y.id, 'name', y.name)), '[]') as text) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select cast(coalesce(json_agg(json_build_object('key', v.key, 'value', v.value, 'group', v.grp)), '[]') as text) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join oauth_token t on t.token_hash = $1 left join oauth_grant g on g.id = t.grant_id left join client c on c.id = $2 left join "user" u on u.id = g.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;

-- userinfo: token
select t.kind as "token_kind", t.grant_id as "token_grantId", t.jti as "token_jti", t.scope as "token_scope", t.audience as "token_audience", t.issued_at as "token_issuedAt", t.expires_at as "token_expiresAt", t.used_at as "token_usedAt", g.id as "grant_id", g.client_id as "grant_clientId", g.user_id as "grant_userId", g.session_id as "grant_sessionId", g.kind as "grant_kind", g.scope as "grant_scope", g.resource as "grant_resource", g.auth_time as "grant_authTime", g.amr as "grant_amr", g.request as "grant_request", g.code_expires_at as "grant_codeExpiresAt", g.code_used_at as "grant_codeUsedAt", g.created_at as "grant_createdAt", g.expires_at as "grant_expiresAt", g.revoked_at as "grant_revokedAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select json_group_array(json_object('hash', x.secret_hash, 'expiresAt', x.expires_at)) from client_secret x where x.client_id = c.id) as "client_secrets", (select json_group_array(a.group_id) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select json_group_array(json_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select json_group_array(json_object('id', y.id, 'name', y.name)) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select json_group_array(json_object('key', v.key, 'value', v.value, 'group', v.grp)) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join oauth_token t on t.token_hash = ? left join oauth_grant g on g.id = t.grant_id left join client c on c.id = g.client_id left join "user" u on u.id = g.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;
-- on PostgreSQL
select t.kind as "token_kind", t.grant_id as "token_grantId", t.jti as "token_jti", t.scope as "token_scope", t.audience as "token_audience", t.issued_at as "token_issuedAt", t.expires_at as "token_expiresAt", t.used_at as "token_usedAt", g.id as "grant_id", g.client_id as "grant_clientId", g.user_id as "grant_userId", g.session_id as "grant_sessionId", g.kind as "grant_kind", g.scope as "grant_scope", g.resource as "grant_resource", g.auth_time as "grant_authTime", g.amr as "grant_amr", g.request as "grant_request", g.code_expires_at as "grant_codeExpiresAt", g.code_used_at as "grant_codeUsedAt", g.created_at as "grant_createdAt", g.expires_at as "grant_expiresAt", g.revoked_at as "grant_revokedAt", c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select cast(coalesce(json_agg(json_build_object('hash', x.secret_hash, 'expiresAt', x.expires_at)), '[]') as text) from client_secret x where x.client_id = c.id) as "client_secrets", (select cast(coalesce(json_agg(a.group_id), '[]') as text) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select cast(coalesce(json_agg(json_build_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)), '[]') as text) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis", u.id as "person_id", u.username as "person_username", u.email as "person_email", u.email_verified as "person_emailVerified", u.first_name as "person_firstName", u.last_name as "person_lastName", u.display_name as "person_displayName", u.locale as "person_locale", u.disabled as "person_disabled", u.updated_at as "person_updatedAt", (select cast(coalesce(json_agg(json_build_object('id', y.id, 'name', y.name)), '[]') as text) from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as "person_groups", (select cast(coalesce(json_agg(json_build_object('key', v.key, 'value', v.value, 'group', v.grp)), '[]') as text) from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as "person_claims", k.scopes as "consent_scopes", k.last_used_at as "consent_lastUsedAt" from (select 1 as one) o left join oauth_token t on t.token_hash = $1 left join oauth_grant g on g.id = t.grant_id left join client c on c.id = g.client_id left join "user" u on u.id = g.user_id left join consent k on k.user_id = u.id and k.client_id = c.id;

-- client credentials: client
select c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select json_group_array(json_object('hash', x.secret_hash, 'expiresAt', x.expires_at)) from client_secret x where x.client_id = c.id) as "client_secrets", (select json_group_array(a.group_id) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select json_group_array(json_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis" from (select 1 as one) o left join client c on c.id = ?;
-- on PostgreSQL
select c.id as "client_id", c.name as "client_name", c.client_type as "client_type", c.is_public as "client_isPublic", c.callback_urls as "client_redirectUris", c.logout_callback_urls as "client_postLogoutRedirectUris", c.pkce_enabled as "client_pkceEnabled", c.pkce_supported as "client_pkceSupported", c.requires_par as "client_requirePar", c.requires_reauthentication as "client_requireReauthentication", c.skip_consent as "client_skipConsent", c.is_group_restricted as "client_groupRestricted", c.federated_identities as "client_federatedIdentities", c.id_token_alg as "client_idTokenAlg", c.access_token_alg as "client_accessTokenAlg", c.minimal_id_token as "client_minimalIdToken", c.claims_mapping as "client_claimsMapping", c.access_token_minutes as "client_accessTokenMinutes", c.refresh_token_minutes as "client_refreshTokenMinutes", c.launch_url as "client_launchUrl", (select cast(coalesce(json_agg(json_build_object('hash', x.secret_hash, 'expiresAt', x.expires_at)), '[]') as text) from client_secret x where x.client_id = c.id) as "client_secrets", (select cast(coalesce(json_agg(a.group_id), '[]') as text) from client_allowed_group a where a.client_id = c.id) as "client_allowedGroupIds", (select cast(coalesce(json_agg(json_build_object('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)), '[]') as text) from (select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd') v) as "client_apis" from (select 1 as one) o left join client c on c.id = $1;
