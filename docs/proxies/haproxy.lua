-- The question of HAProxy to Nightlatch, see haproxy.cfg. It asks about the visitor's
-- request and sets txn.nightlatch_status, and txn.nightlatch_to where the visitor is
-- led elsewhere. For a 200 the request goes on with the Remote-* headers of the answer
-- and without Nightlatch's cookies.

-- What the question tells of the visitor's own headers.
local told = {"accept", "cookie", "user-agent", "sec-fetch-mode", "x-requested-with", "hx-request", "upgrade"}

-- What the answer tells the application.
local known = {"remote-user", "remote-email", "remote-name", "remote-groups", "remote-role", "remote-level"}

core.register_action("nightlatch", {"http-req"}, function(txn, address)
    local sent, headers = txn.http:req_get_headers(), {}
    for _, name in ipairs(told) do
        if sent[name] then
            headers[name] = {}
            for i = 0, #sent[name] do
                table.insert(headers[name], sent[name][i])
            end
        end
    end
    headers["x-forwarded-for"] = {txn.f:src()}
    headers["x-forwarded-method"] = {txn.f:method()}
    headers["x-forwarded-proto"] = {"https"}
    headers["x-forwarded-host"] = {sent["host"] and sent["host"][0] or ""}
    headers["x-forwarded-uri"] = {txn.f:pathq()}

    local answer = core.httpclient():get({url = address, headers = headers})
    if not answer or not answer.status then
        return
    end
    txn:set_var("txn.nightlatch_status", tostring(answer.status))
    local function first(name)
        local values = answer.headers and answer.headers[name]
        return values and values[0]
    end
    if answer.status == 303 and first("location") then
        txn:set_var("txn.nightlatch_to", first("location"))
    end
    if answer.status ~= 200 then
        return
    end
    for _, name in ipairs(known) do
        txn.http:req_set_header(name, first(name) or "")
    end
    if first("cookie") then
        txn.http:req_set_header("cookie", first("cookie"))
    else
        txn.http:req_del_header("cookie")
    end
end, 1)
