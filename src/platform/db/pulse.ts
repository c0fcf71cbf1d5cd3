import { Socket } from 'node:net';
import { READ_ONLY } from './unavailable.ts';

/**
 * Milliseconds: in which nothing was answered before the server is asked whether it is there, how often that is thought of, and for how long connections
 * are kept that were made after all had been broken because the server only reads.
 */
const LIMITS = { quiet: 1500, every: 250, keep: 1000 };

/**
 * Notices that a database server has become silent (its machine is gone, a failover, a network that drops packets), where TCP would wait for minutes:
 * while statements wait and none is answered, `probe` asks on a connection of its own, and when that rejects, everything open breaks, so that who waits
 * hears of it. Until the server answers again nothing new is begun. A slow statement is none of its business: the probe is answered beside it.
 */
export function createPulse(probe: () => Promise<unknown>, { quiet, every, keep } = LIMITS) {
  const sockets = new Set<Socket>();
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  let waiting = 0;
  /** When somebody began to wait whom nobody was waiting beside. */
  let since = 0;
  /** When the server answered last. */
  let heard = Number.NEGATIVE_INFINITY;
  let renewed = Number.NEGATIVE_INFINITY;
  let silent = false;
  let asking = false;
  const look = async () => {
    const now = performance.now();
    if (asking || (!silent && (waiting === 0 || now - Math.max(since, heard) < quiet))) return;
    asking = true;
    try {
      await probe();
      silent = false;
      heard = performance.now();
    } catch {
      // One that answers others meanwhile is there: it may be too busy for a new connection.
      silent = heard < now;
      if (silent) breakAll();
    } finally {
      asking = false;
    }
  };
  const waited = async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting++ === 0) since = performance.now();
    try {
      return await work();
    } finally {
      waiting--;
    }
  };
  const timer = setInterval(look, every).unref();
  return {
    /** For `pg` to talk over. */
    socket(): Socket {
      const socket = new Socket();
      sockets.add(socket.once('close', () => sockets.delete(socket)));
      // When `pg` listens to it.
      if (silent) process.nextTick(() => socket.destroy());
      return socket;
    },
    /** Notes that somebody waits for the server, and when it answers. */
    async watch<T>(work: () => Promise<T>): Promise<T> {
      try {
        const answer = await waited(work);
        heard = performance.now();
        return answer;
      } catch (cause) {
        // After a failover the primary is elsewhere, and only a new connection leads there. In between, reads go on over those that were just made.
        if ((cause as { code?: string }).code === READ_ONLY && performance.now() - renewed >= keep) {
          renewed = performance.now();
          breakAll();
        }
        throw cause;
      }
    },
    /** The same for a connection, which may be one from before, that tells nothing of the server. */
    watchForConnection: waited,
    stop: () => clearInterval(timer),
  };
}
