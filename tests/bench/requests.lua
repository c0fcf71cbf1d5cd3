-- What wrk sends, read from a file that load.ts writes: method, path, kind, header lines, an empty line, then one line a request
-- (body, or body TAB cookie). Kinds:
--   same   the first line again and again
--   once   each line once, in order
--   chain  each line is a refresh token; the answer's successor takes its place
local headers, lines, next_line, method, path = {}, {}, 0, "GET", "/"

local function read(file)
  local rows = io.lines(file)
  method, path = rows(), rows()
  local kind = rows()
  for row in rows do
    if row == "" then break end
    local name, value = row:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  for row in rows do lines[#lines + 1] = row end
  if not lines[1] then lines[1] = "" end
  return kind
end

local function format(line)
  local body, cookie = line:match("^([^\t]*)\t(.*)$")
  headers["Cookie"] = cookie
  return wrk.format(method, path, headers, body or line)
end

function init(args)
  local kind = read(args[1])
  if kind == "same" then
    local only = format(lines[1])
    request = function() return only end
  elseif kind == "once" then
    request = function()
      next_line = next_line + 1
      if not lines[next_line] then wrk.thread:stop() end
      return format(lines[next_line] or lines[#lines])
    end
  else
    local template = lines[1]
    local first, last = 2, #lines
    request = function()
      if first > last then wrk.thread:stop() end
      local token = lines[first] or ""
      lines[first] = nil
      first = first + 1
      return format(template .. token)
    end
    response = function(status, _, body)
      last = last + 1
      lines[last] = body:match('"refresh_token":"([^"]+)"') or ""
    end
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\nresult {"requests":%d,"seconds":%f,"errors":%d,"p50":%f,"p99":%f}\n', summary.requests, summary.duration / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
