import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uriMatches, uriPatternProblem } from './uri-pattern.ts';

const strict = { allowInsecure: false };
const matches = (pattern: string, uri: string) => uriMatches(pattern, uri, strict);

/** Vectors of the Pocket ID contract. Where ours differ on purpose (a request is compared as text, so no `\` and no fragment) the row says why. */
const VECTORS: [pattern: string, uri: string, match: boolean, why?: string][] = [
  ['https://a.test/cb', 'https://a.test/cb', true],
  ['https://a.test/cb', 'http://a.test/cb', false],
  ['https://a.test/cb', 'https://a.test/cb?x=1', false],
  ['https://a.test/cb#f', 'https://a.test/cb', true],
  ['https://a.test/cb', 'https://a.test/cb#f', false, 'RFC 6749 section 3.1.2: no fragment; SEC-003'],
  ['*://a.test/cb', 'https://a.test/cb', true],
  ['https://*.a.test/cb', 'https://x.a.test/cb', true],
  ['https://*.a.test/cb', 'https://evil.test?u=x.a.test/cb', false],
  ['https://app*.a.test/cb', 'https://app1.a.test/cb', true],
  ['https://*-p.a.test/cb', 'https://x-p.a.test/cb', true],
  ['https://a-*-b.a.test/cb', 'https://a-q-b.a.test/cb', true],
  ['https://a.test:8080/cb', 'https://a.test:9090/cb', false],
  ['https://a.test:*/cb', 'https://a.test:8080/cb', true],
  ['https://a.test:80*/cb', 'https://a.test:8080/cb', true],
  ['https://[2001:db8::1]:*/cb', 'https://[2001:db8::1]:8080/cb', true],
  ['https://a.test/x/*/cb', 'https://a.test/x/1/cb', true],
  ['https://a.test/x/*/cb', 'https://a.test/x/1/2/cb', false],
  ['https://a.test/*', 'https://a.test/cb', true],
  ['https://a.test/pre*', 'https://a.test/prefix', true],
  ['https://a.test/*-cb', 'https://a.test/o-cb', true],
  ['https://a.test/a-*-b/cb', 'https://a.test/a-x-b/cb', true],
  ['https://a.test/**/cb', 'https://a.test/1/2/3/cb', true],
  ['https://u:p@a.test/cb', 'https://a.test/cb', false],
  ['https://u:*@a.test/cb', 'https://u:secret@a.test/cb', true],
  ['https://u:*@a.test/cb', 'https://u:x@evil.test#a.test/cb', false],
  ['https://a.test/cb?m=1&c=*', 'https://a.test/cb?c=z&m=1', true],
  ['https://a.test/cb?c=*', 'https://a.test/cb?c=1&d=2', false],
  ['https://a.test/cb?c=*&s=*', 'https://a.test/cb?c=1', false],
  ['https://a.test/cb?p=*&p=*', 'https://a.test/cb?p=1&p=2', true],
  ['https://a.test/cb', 'https://a.test/../adm/cb', false],
  ['https://a.test/cb', 'https://a.test\\cb', false, 'SEC-001: no backslash'],
  ['https://a.test/cb', 'https://a.test//evil.test/cb', false],
  ['https://a.test/cb', 'https://a.test/cb%0d%0aX', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb', true],
  ['http://[::1]/cb', 'http://[::1]:8080/cb', true],
  ['http://localhost/cb', 'http://localhost:8080/cb', true],
  ['https://127.0.0.1/cb', 'https://127.0.0.1:8080/cb', false],
  ['http://192.168.1.1/cb', 'http://192.168.1.1:8080/cb', false],
  ['http://127.0.0.1/auth/*', 'http://127.0.0.1:3000/auth/cb', true],
  ['*', 'https://a.test/cb', false, 'bare wildcards are refused'],
];

/** Ours, beyond the contract's. */
const MORE: [pattern: string, uri: string, match: boolean][] = [
  ['http://127.0.0.1:3000/cb', 'http://127.0.0.1:4000/cb', true],
  ['http://localhost:3000/cb', 'http://localhost:4000/cb', false],
  ['http://127.0.0.1/cb', 'http://localhost/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb?x=1', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:808080808/cb', false],
  ['com.example.app:/cb', 'com.example.app:/cb', true],
  ['app.immich:///oauth-callback', 'app.immich:///oauth-callback', true],
  ['com.example.app://x/*', 'com.example.app://x/1', true],
  ['com.example.app:/cb/*', 'com.example.app:/cb/1', true],
  ['com.example.app:/cb/*', 'com.example.app:/cb/1/2', false],
  ['com.example.app:/cb/*', 'com.example.app:///cb/1', false],
  ['com.example.app:/cb/*', 'com.example.app://x/cb/1', false],
  ['com.example.app:/**', 'com.example.app:/', true],
  ['app.immich:///*', 'app.immich:///oauth-callback', true],
  ['app.immich:///*', 'app.immich:/oauth-callback', false],
  ['app.immich:///*', 'app.immich://evil/oauth-callback', false],
  ['https://a.test/cb?c=[a-c1]*', 'https://a.test/cb?c=b7', true],
  ['https://a.test/cb?c=[a-c1]*', 'https://a.test/cb?c=d7', false],
  ['https://a.test/cb?c=[^a-c]*', 'https://a.test/cb?c=d7', true],
  ['https://a.test/cb?c=[^a-c]*', 'https://a.test/cb?c=b7', false],
  ['https://a.test/cb?c=[a-]?', 'https://a.test/cb?c=-7', true],
  ['https://a.test/cb?c=[z-a]*', 'https://a.test/cb?c=m', false],
  ['https://a.test/cb?c=[a]', 'https://a.test/cb?c=[a]', true],
  ['https://a.test/cb?c=[a]', 'https://a.test/cb?c=a', true],
  ['https://a.test/cb?c=[a]', 'https://a.test/cb?c=[b]', false],
  ['https://a.test', 'https://a.test', true],
  ['https://*.a.test', 'https://x.a.test', true],
  ['https://*.a.test', 'https://x.a.test/', true],
  ['https://*.a.test', 'https://x.a.test/cb', false],
  ['https://*.a.test/cb', 'https://x.y.a.test/cb', false],
  ['https://*.a.test/cb', 'https://.a.test/cb', false],
  ['*://a.test/cb', 'javascript://a.test/cb', false],
  ['*://a.test/cb', 'http://a.test/cb', false],
  ['*://a.lan/cb', 'http://a.lan/cb', true],
  ['http://192.168.1.*:8080/cb', 'http://192.168.1.7:8080/cb', true],
  ['http://192.168.1.*:8080/cb', 'http://192.168.1.evil:8080/cb', false],
  ['https://a.test/**', 'https://a.test//evil.test', false],
  ['https://a.test/**', 'https://a.test/x/../y', false],
  ['https://a.test/**', 'https://a.test/x/%2e%2e/y', false],
  ['https://a.test/**', 'https://a.test/x%2fy', false],
  ['https://a.test/**', 'https://a.test/x%0d%0ay', false],
  ['https://a.test/*', 'https://A.test/x', false],
  ['https://a.test/*', 'https://a.test:443/x', false],
  ['https://a.test:443/*', 'https://a.test/x', true],
  ['https://a.test/cb?c=[0-9]', 'https://a.test/cb?c=7', true],
  ['https://a.test/cb?c=[^0-9]', 'https://a.test/cb?c=7', false],
  ['https://a.test/cb?c=?', 'https://a.test/cb?c=xy', false],
  ['https://a.test/cb?c=*', 'https://a.test/cb?c=a/b', false],
  ['https://a.test/cb?c=*', 'https://a.test/cb?d=1', false],
];

for (const [pattern, uri, match, why] of [...VECTORS, ...MORE])
  test(`${uri} ${match ? 'is' : 'is not'} ${pattern}${why ? ` (${why})` : ''}`, () => assert.equal(matches(pattern, uri), match));

const none = (pattern: string, uris: string[]) => {
  for (const uri of uris) assert.equal(matches(pattern, uri), false, JSON.stringify(uri));
};

test('SEC-001 user information and backslashes do not smuggle another host in', () =>
  none('https://app.test/cb', [
    'https://app.test@evil.test/cb',
    'https://app.test:443@evil.test/cb',
    'https://app.test%40evil.test/cb',
    'https://evil.test\\@app.test/cb',
  ]));

test('SEC-002 the loopback rule is for loopback', () => {
  for (const pattern of ['http://localhost/cb', 'http://127.0.0.1/cb'])
    none(pattern, [
      'http://localhost:80@evil.test/cb',
      'http://127.0.0.1@evil.test/cb',
      'http://127.0.0.1.evil.test/cb',
      'http://localhost.evil.test/cb',
      'http://localhost:80\\@evil.test/cb',
      'http://127.0.0.1:80#@evil.test/cb',
      'http://127.1/cb',
      'http://2130706433/cb',
    ]);
});

test('a loopback port that no socket has is refused, also where plain http may lead anywhere', () => {
  for (const policy of [strict, { allowInsecure: true }]) {
    assert.equal(uriMatches('http://127.0.0.1/cb', 'http://127.0.0.1:65535/cb', policy), true);
    for (const host of ['127.0.0.1', 'localhost', '[::1]'])
      assert.equal(uriMatches(`http://${host}/cb`, `http://${host}:65536/cb`, policy), false, host);
  }
});

test('SEC-003 twenty mutants of one registered URI are all refused', () => {
  const mutants = [
    'https://app.test/cb/',
    'https://app.test/cb?x=1',
    'https://app.test/CB',
    'https://app.test/%2e%2e/cb',
    'https://app.test/x/%2e%2e/cb',
    'https://app.test/%252e/cb',
    'https://app.test/cb;x',
    'https://app.test:443/cb',
    'https://app.test./cb',
    'https://app.test/cb#f',
    'https://app.test/c\tb',
    'https://app.test/c\rb',
    'https://app.test/c\nb',
    'https://app.test\\cb',
    'https://app。test/cb',
    'https://аpp.test/cb',
    'https://xn--pp-7kc.test/cb',
    ' https://app.test/cb',
    'https://app.test/cb ',
    'https://app.test//cb',
    'https://app.test/cb\0',
    'https://app.test/cb%00',
    'https://app.test/cb?',
    'HTTPS://app.test/cb',
    'https://APP.test/cb',
    'https://[fe80::1%25eth0]/cb',
    `https://app.test/cb${'a'.repeat(8192)}`,
  ];
  none('https://app.test/cb', mutants);
  none(
    'https://app.test/c*b',
    mutants.filter((uri) => !uri.includes('?x')),
  );
});

test('SEC-005 a wildcard never crosses a separator', () =>
  none('https://*.app.test/cb', [
    'https://evil.test/.app.test/cb',
    'https://evil.test#.app.test/cb',
    'https://evil.test?.app.test/cb',
    'https://evil.test\\.app.test/cb',
    'https://a.app.test.evil.test/cb',
    'https://a@evil.test/x.app.test/cb',
    'https://a:b@x.app.test/cb',
    'https://x.app.test:8443/cb',
  ]));

test('SEC-006 callbacks that stand for anybody cannot be registered', () => {
  for (const pattern of [
    '*',
    '**',
    'https://*',
    'http*',
    'https://*.test/*',
    'https://*/cb',
    'https://*:8080/cb',
    'https://**/cb',
    'https://*.*.*/cb',
    'https://app*.test/cb',
    'https://a.test*/cb',
    'https://a*',
    'https*://a.test/cb',
    'myapp://*',
    'http://10.*.*.*/cb',
  ])
    assert.ok(uriPatternProblem(pattern, strict), pattern);
});

test('SEC-007 a pattern is no regular expression', () =>
  none('https://app.test/cb', ['https://appXtest/cb', 'https://app.test.evil/cb', 'https://app.test/cbX']));

test('SEC-009 plain http is for loopback and private hosts unless the operator allows more', () => {
  assert.ok(uriPatternProblem('http://app.test/cb', strict));
  assert.equal(uriPatternProblem('http://app.test/cb', { allowInsecure: true }), undefined);
  assert.equal(uriMatches('http://app.test/cb', 'http://app.test/cb', strict), false);
  assert.equal(uriMatches('http://app.test/cb', 'http://app.test/cb', { allowInsecure: true }), true);
  for (const host of [
    'localhost',
    '127.0.0.1',
    '[::1]',
    '192.168.1.5:8080',
    '10.0.0.1',
    '172.31.0.1',
    '100.64.1.1',
    '[fd00::1]',
    'nas',
    'nas.local',
    'x.home.arpa',
  ])
    assert.equal(uriPatternProblem(`http://${host}/cb`, strict), undefined, host);
  for (const host of ['172.32.0.1', '100.128.1.1', '[2001:db8::1]', 'local.evil.test', 'xlocal.example'])
    assert.ok(uriPatternProblem(`http://${host}/cb`, strict), host);
});

test('SEC-013 a callback that has a parameter of our answer already cannot be registered', () => {
  for (const query of ['code=x', 'state=y', 'iss=z', 'error=e', 'a=1&%63ode=x'])
    assert.ok(uriPatternProblem(`https://app.test/cb?${query}`, strict), query);
});

test('what is wrong with the text of a callback is said as it is: only an international host is told of xn--', () => {
  const said = (pattern: string) => uriPatternProblem(pattern, strict);
  assert.equal(said(''), 'it is empty');
  for (const pattern of [
    ' https://a.test/cb',
    'https://a.test/cb\n',
    'https://a.test/c b',
    'https://a.test\\cb',
    'https://bücher.test/cb ',
  ])
    assert.equal(said(pattern), 'it has a space or a backslash in it', JSON.stringify(pattern));
  assert.match(said('https://bücher.test/cb') ?? '', /xn--/);
});

test('what is no absolute URI of an application cannot be registered', () => {
  for (const pattern of [
    '/cb',
    'https//a.test',
    'https://a[b.test/',
    'http://[::1',
    'javascript:alert(1)',
    'data:text/html,x',
    'JaVaScRiPt://a.test/%0aalert(1)',
    'file:///etc/passwd',
    'https:///cb',
    'https://a.test/c b',
    'https://a.test\\cb',
    'https://bücher.test/cb',
    '',
    `https://a.test/${'a'.repeat(2048)}`,
  ])
    assert.ok(uriPatternProblem(pattern, strict), pattern);
  for (const pattern of [
    'https://a.test/cb',
    'https://a.test/cb#f',
    '*://a.test/cb',
    'com.app:/cb',
    'myapp://callback',
    'https://*.a.test/**',
    'https://u:*@a.test/cb',
    'https://[2001:db8::1]:*/cb',
  ])
    assert.equal(uriPatternProblem(pattern, strict), undefined, pattern);
});

test('a pattern full of wildcards does not make a long URI slow', () => {
  const pattern = `https://a.test/${'*a'.repeat(400)}`;
  assert.equal(matches(pattern, `https://a.test/${'a'.repeat(1900)}b`), false);
});
