import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** A client that is still listened to may become too late as well; it has had its answer. */
const answered = new WeakSet<Socket>();

const PARSER_STATUS: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/**
 * Answers what Node's parser refuses: with our headers, with no word of what the server is, and for the last time on this connection. `headers`
 * are name, value, name, value ….
 */
export function answerBadRequest(cause: NodeJS.ErrnoException, socket: Socket, headers: readonly string[], lingerMs: number): void {
  if (answered.has(socket)) return;
  answered.add(socket);
  // While another request waits for its answer (or is being answered), what is written here would be read as that answer.
  const underWay = (socket as { _httpMessage?: ServerResponse & { req: IncomingMessage } })._httpMessage;
  const owed = underWay !== undefined && underWay !== null && (underWay.headersSent || underWay.req.complete);
  if (cause.code === 'ECONNRESET' || !socket.writable || owed) {
    socket.destroy();
    return;
  }
  const status = PARSER_STATUS[cause.code ?? ''] ?? 400;
  const body = JSON.stringify({ error: STATUS_CODES[status], code: 'invalid_request' });
  const lines = [];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}\r\n`);
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // Closing while the client still sends would reset the connection before it has read the answer: listen a little longer, to nobody's use.
  const late = setTimeout(() => socket.destroySoon(), lingerMs);
  socket
    .removeAllListeners('data')
    .on('data', () => {})
    .once('end', () => socket.destroySoon())
    .once('close', () => clearTimeout(late))
    .resume();
}
