import assert from 'node:assert/strict';
import test from 'node:test';
import { clientAddress } from './client-address.ts';

const PROXIES = ['10.0.0.0/8', '192.0.2.1', 'fd00::/8'];
/** Each row: what is said, TRUST_PROXY, the peer, X-Forwarded-For, and who the client is. */
const CASES: [string, boolean | string[], string, string | undefined, string][] = [
  ['nobody is trusted: the peer, whatever it claims', false, '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['an IPv4 peer of a socket for both families', false, '::ffff:203.0.113.9', undefined, '203.0.113.9'],
  ['a peer that is no proxy of ours cannot claim another address', PROXIES, '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['a proxy names its client', PROXIES, '10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['SEC-159 a proxy of a range, written as an IPv4 address in IPv6 form', PROXIES, '::ffff:10.0.0.5', '198.51.100.1', '198.51.100.1'],
  ['a proxy written as an IPv4 address in IPv6 form', PROXIES, '::ffff:192.0.2.1', '198.51.100.1', '198.51.100.1'],
  ['a chain of proxies: the rightmost that is none of ours', PROXIES, '10.1.2.3', '1.2.3.4, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
  ['what the client itself sent, left of its address, counts nothing', PROXIES, '10.1.2.3', '127.0.0.1, 198.51.100.1', '198.51.100.1'],
  ['only proxies in the list: the leftmost of them', PROXIES, '10.1.2.3', '10.7.7.7, 10.8.8.8', '10.7.7.7'],
  ['an entry that is no address ends the walk at the proxy', PROXIES, '10.1.2.3', '198.51.100.1, unknown', '10.1.2.3'],
  ['no header', PROXIES, '10.1.2.3', undefined, '10.1.2.3'],
  ['an empty header', PROXIES, '10.1.2.3', '', '10.1.2.3'],
  ['ports are cut off', PROXIES, 'fd00::1', '[2001:db8::1]:4711', '2001:db8::1'],
  ['ports of IPv4 too', PROXIES, '10.1.2.3', '198.51.100.1:4711', '198.51.100.1'],
  ['SEC-159 a proxy in the chain, its IPv4 address in hexadecimal', PROXIES, '10.1.2.3', '198.51.100.1, ::ffff:a00:1', '198.51.100.1'],
  ['a client’s IPv4 address in IPv6 form, spelled out', PROXIES, '10.1.2.3', '0:0:0:0:0:ffff:c633:6401', '198.51.100.1'],
  ['an IPv6 address in the form of all others', PROXIES, 'fd00::1', '2001:DB8:0:0::1', '2001:db8::1'],
  ['an address with a zone', PROXIES, 'fd00::1', 'fe80::1%eth0', 'fe80::1'],
  ['SEC-159 a range around ::1 holds no IPv4 peer', ['::1/64'], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['everybody is trusted: the leftmost', true, '203.0.113.9', '198.51.100.1, 10.1.1.1', '198.51.100.1'],
];
for (const [what, trusted, peer, forwarded, client] of CASES)
  test(`the client's address: ${what}`, () => assert.equal(clientAddress(trusted)(peer, forwarded), client));
