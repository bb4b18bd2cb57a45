import datetime, hashlib, json, os, re, subprocess, sys, time, urllib.error, urllib.parse, urllib.request

MIGRATIONS = json.loads(r'''{{migrations}}''')
LEAD, MARGIN = {{lead}}, {{margin}}  # seconds


STOPPED = ["can't tell which workspace this is"]  # what it means when something stops now


def stop(*lines):
    print("backfill: STOP: " + "\nbackfill: ".join(STOPPED[-1:] + list(lines)), file=sys.stderr)
    sys.exit(1)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):  # a redirect would take the token along
        return None


def settings():
    try:
        with open(".tinyb", encoding="utf-8") as file:
            tinyb = json.load(file)
        host, token = tinyb["host"].rstrip("/"), tinyb["token"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        stop("There is no readable .tinyb here. Log in with: tb auth")
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._/\-]*)?", host) or not isinstance(token, str):
        stop("The host or token in .tinyb isn't one. Log in again with: tb auth")
    return host, token


HOST, TOKEN = settings()


def get(path, token=TOKEN, absent=None, **parameters):
    url = HOST + path + ("?" + urllib.parse.urlencode(parameters) if parameters else "")
    last = ""
    for attempt in range(4):
        if attempt:
            time.sleep(attempt)
        try:
            request = urllib.request.Request(url, headers={"Authorization": "Bearer " + token})
            with urllib.request.build_opener(NoRedirect).open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404 and absent is not None:
                return absent
            last = "status %d" % error.code
            if error.code != 429 and error.code < 500:
                break
        except (OSError, ValueError) as error:
            last = type(error).__name__
    stop("The workspace didn't answer GET %s as it should (%s). Run this again when it does." % (path, last))


def place():
    """`branch` or `main`; stops where tb would go elsewhere."""
    workspace = get("/v0/workspace")
    if not isinstance(workspace, dict) or "main" not in workspace or not workspace.get("id"):
        stop("GET /v0/workspace didn't say whether this is a branch.")
    branch = workspace["main"] is not None
    if os.environ.get("TB_TOKEN"):
        if branch:
            stop(
                "TB_TOKEN is set while .tinyb points at a branch: tb would ignore .tinyb and deploy elsewhere.",
                "Unset TB_TOKEN for this step.",
            )
        if get("/v0/workspace", token=os.environ["TB_TOKEN"]).get("id") != workspace["id"]:
            stop("TB_TOKEN is for another workspace than .tinyb. Unset TB_TOKEN for this step.")
    if os.environ.get("TB_HOST") and os.environ["TB_HOST"].rstrip("/") != HOST:
        stop("TB_HOST is another host than the one in .tinyb. Unset TB_HOST for this step.")
    return "branch" if branch else "main"


def start():
    print("place", place(), "-", "-", sep="\t")
    STOPPED.append("can't learn what is live")
    facts()


def feeds(pipe, target):
    """The SQL, of all its nodes, by which a live pipe materializes into the target, or None."""
    data_source = get("/v0/datasources/" + target, absent={})
    names = {data_source.get("id"), data_source.get("name")} - {None}
    nodes = pipe.get("nodes") or []
    if any(node.get("materialized") in names for node in nodes):
        return "\n".join(node.get("sql") or "" for node in nodes)
    return None


def live_cutover(sql):
    """T as the live text has it, or None."""
    literal = r"to(?:Date|Date32|DateTime|DateTime64)\s*\(\s*'(\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,9})?)?)'"
    found = re.findall(literal + r"[^()]*\)\s+AS\s+`?backfill_cutover\b", sql) or re.findall(r">=\s*" + literal, sql)
    return found[-1] if found else None


def facts():
    """One line per sync pipe: what it is, its name, the variable of its cutover, the cutover.
    Also one per target that producers fill; it has no cutover."""
    ours = set()
    for m in MIGRATIONS:
        if not m["sync"]:
            if not m["fork"]:
                state = "gone" if not os.path.isfile(m["target_file"]) else "live" if made(m) else "missing"
                print(state, m["target"], "-", "-", sep="\t")
            continue
        ours.add(m["variable"])
        if not os.path.isfile(m["sync_file"]):
            print("gone", m["sync"], "-", "-", sep="\t")
            continue
        if not m["cut"]:
            print("live" if is_live(m["sync"], m["target"]) else "missing", m["sync"], "-", "-", sep="\t")
            continue
        line(m["sync"], m["target"], m["variable"] if not m["pinned"] else "-", "missing")
    for folder in (".", "pipes", "endpoints"):
        for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            path = os.path.join(folder, entry)
            name = entry.split(".")[0]
            if not entry.endswith(".pipe") or not os.path.isfile(path) or not re.fullmatch(r"\w+", name, re.ASCII):
                continue
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            for variable in sorted(variables(text) - ours):
                target = re.search(r"(?im)^\s*DATASOURCE\s+[\"']?(\w+)", text)
                line(name, target.group(1) if target else "", variable, "foreign")


def variables(text):
    """Cutovers that the client would put into the SQL of a pipe's file; `$$` is a dollar."""
    blocks = re.findall(r"(?im)^[ \t]*SQL\b([^\n]*(?:\n(?:[ \t\r#][^\n]*)?)*)", text)
    found = {v for block in blocks for v in re.findall(r"\$\$|\$\{(BACKFILL_T_[A-Z0-9_]+)\}", block)}
    return found - {""}


def line(sync, target, variable, otherwise):
    pipe = get("/v0/pipes/" + sync, absent={})
    sql = feeds(pipe, target) if pipe and target else None
    if sql is None:
        print(otherwise, sync, "-", "-", sep="\t")
        return
    cutover = live_cutover(sql)
    if cutover is None and otherwise == "foreign":
        if not os.environ.get(variable):
            print("strange", sync, variable, "-", sep="\t")
    elif cutover is None:
        print("odd", sync, "-", "its SQL has no cutover that can be read", sep="\t")
    else:
        print("live", sync, variable, cutover, sep="\t")


def is_live(pipe_name, target):
    pipe = get("/v0/pipes/" + pipe_name, absent={})
    return bool(pipe) and feeds(pipe, target) is not None


def stands(m):
    """Whether a target that producers fill is there, with the pipe that copies history into it."""
    there = get("/v0/datasources/" + m["target"], absent={})
    return bool(there) and (not m["copy"] or bool(get("/v0/pipes/" + m["copy"], absent={})))


def made(m):
    """Whether it was this plan that made that target: its copy pipe says so. Where there is none, the
    commit that the workspace was deployed from does: it holds the target's file."""
    return stands(m) and (bool(m["copy"]) or deployed(m["target_file"]))


COMMIT = []


def deployed(file):
    if not COMMIT:
        own = get("/v0/workspace").get("id")
        workspaces = get("/v0/user/workspaces/", with_environments="true")["workspaces"]
        COMMIT.extend((w.get("release") or {}).get("commit") or "" for w in workspaces if w.get("id") == own)
        COMMIT.append("")
    if not re.fullmatch(r"[0-9a-f]{7,64}", COMMIT[0]):
        return False
    try:
        asked = subprocess.run(
            ["git", "cat-file", "-e", COMMIT[0] + ":./" + file], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        return False
    return asked.returncode == 0


def ready():
    STOPPED.append("a target isn't ours to fill")
    targets()
    STOPPED.append("there is no cutover to deploy with")
    bind()


def targets():
    """Each target absent, empty and as this revision says, or fed by this plan already."""
    live, bad = set(), []
    for m in MIGRATIONS:  # in the order they depend on each other
        if m["sync"] and is_live(m["sync"], m["target"]) or m["trigger"] in live or not m["sync"] and not m["fork"] and made(m):
            live.add(m["target"])
            continue
        there = get("/v0/datasources/" + m["target"], absent={})
        if not there:
            continue
        answer = get("/v0/sql", q="SELECT count() AS n FROM `%s` FORMAT JSON" % m["target"])
        rows = int(answer["data"][0]["n"])
        other = "" if rows else otherwise_made(m, there)
        if rows:
            bad.append(
                "%s holds %d rows, and no feed of this plan is live that could have brought them. If an earlier deployment of this plan did, and its "
                "feeds were removed since, leave it as it is: backfill status says what is left to do. If they are somebody else's, give "
                "the plan another name: backfill generate. Only if nobody needs them: tb datasource rm %s --yes" % (m["target"], rows, m["target"])
            )
        elif other:
            bad.append(
                "%s is there, empty and with another %s than this revision says, and no deployment changes that. An earlier try "
                "may have left it. Remove it and run this again: %s" % (m["target"], other, removal(m["target"]))
            )
    if bad:
        stop(*bad)


def plain(key):
    return re.sub(r"[\s`()\"]|^tuple", "", key, flags=re.ASCII).lower()


def hashed(text):
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def otherwise_made(m, there):
    """What of an empty target a deployment of this revision would leave as it is, though it says otherwise."""
    engine = there.get("engine")
    engine = engine if isinstance(engine, dict) else {}
    key = engine.get("engine_sorting_key") or engine.get("sorting_key") or ""
    if key and m["key"] and hashed(plain(key)) != m["key"]:
        return "sorting key"
    answer = get("/v0/sql", q="SELECT * FROM `%s` LIMIT 0 FORMAT JSON" % m["target"])
    live = {hashed(c["name"] + " " + re.sub(r"\s", "", c["type"], flags=re.ASCII)) for c in answer["meta"]}
    return "set of columns or types" if set(m["columns"]) - live else ""


def removal(target):
    """The commands that remove a target, with the pipes of this plan that hang on it."""
    pipes = {m["fork"] for m in MIGRATIONS if m["trigger"] == target} | {
        name for m in MIGRATIONS if m["target"] == target for name in (m["sync"], m["fork"], m["copy"])
    }
    there = [name for name in sorted(pipes - {""}) if get("/v0/pipes/" + name, absent={})]
    return " && ".join(["tb pipe rm %s --yes" % name for name in there] + ["tb datasource rm %s --yes" % target])


def instant(text):
    seconds = text.split(".")[0]
    pattern = "%Y-%m-%d %H:%M:%S" if " " in seconds else "%Y-%m-%d"
    return datetime.datetime.strptime(seconds, pattern).replace(tzinfo=datetime.timezone.utc).timestamp()


def bind():
    """T of every migration: what is live stays, what is pinned must be ahead, the rest is now + lead."""
    branch = sys.argv[2] == "branch"
    now, live = time.time(), {}  # pipes that feed one target are cut at one instant
    for m in MIGRATIONS:
        if m["sync"] and os.path.isfile(m["sync_file"]):
            pipe = get("/v0/pipes/" + m["sync"], absent={})
            sql = feeds(pipe, m["target"]) if pipe else None
            if sql is not None:
                live[m["target"]] = live_cutover(sql)
    for m in MIGRATIONS:
        if not m["sync"] or not m["cut"] or not os.path.isfile(m["sync_file"]):
            continue
        variable = "-" if m["pinned"] else m["variable"]
        pipe = get("/v0/pipes/" + m["sync"], absent={})
        sql = feeds(pipe, m["target"]) if pipe else None
        if sql is not None:
            print(m["sync"], variable, live_cutover(sql), "live", sep="\t")
            continue
        if m["pinned"]:
            if now + MARGIN >= instant(m["pinned"]):
                stop(
                    "The pinned cutover of %s, %s UTC, is past or less than %d seconds ahead." % (m["target"], m["pinned"], MARGIN),
                    "Renew the plan: backfill generate --cutover INSTANT (or without it, to bind it at deploy).",
                )
            print(m["sync"], variable, m["pinned"], "new", sep="\t")
            continue
        if m["target"] in live:
            print(m["sync"], variable, live[m["target"]], "new", sep="\t")
            continue
        tick = 86400 if m["daily"] else 1
        # Nothing is inserted into a branch meanwhile, so nobody has to wait there.
        lead = min(LEAD, 15) if branch and m["arrival"] else LEAD
        seconds = -int(-(now + lead) // tick) * tick
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        text = moment.strftime("%Y-%m-%d" if m["daily"] else "%Y-%m-%d %H:%M:%S")
        if m["digits"]:
            text += "." + "0" * m["digits"]
        print(m["sync"], variable, text, "new", sep="\t")


def check():
    """After the deployment: everything feeds, with the cutover that was bound, and that is ahead."""
    STOPPED.append("deployed, but not in order:")
    now, bad, bound = time.time(), [], {}
    branch = sys.argv[3] == "branch"
    with open(sys.argv[2], encoding="utf-8") as lines:
        for text in lines:
            sync, _, cutover, state = text.rstrip("\n").split("\t")
            bound[sync] = (cutover, state)
    for m in MIGRATIONS:
        if m["sync"] in bound:
            cutover, state = bound[m["sync"]]
            pipe = get("/v0/pipes/" + m["sync"], absent={})
            sql = feeds(pipe, m["target"]) if pipe else None
            if sql is None:
                bad.append("%s doesn't feed %s. Mend the cause and run this job again." % (m["sync"], m["target"]))
            elif live_cutover(sql) != cutover:
                bad.append("%s is live with the cutover %s, not %s." % (m["sync"], live_cutover(sql), cutover))
            elif state == "new" and not (branch and m["arrival"]) and now + MARGIN >= instant(cutover):
                bad.append(
                    "It took so long that the cutover of %s, %s UTC, is past or less than %d seconds ahead. The source is "
                    "complete, so nothing is lost: backfill run reads when %s went live and copies what lies between too. "
                    "Look at why the deployment is slow, then run this job again: it goes on."
                    % (m["target"], cutover, MARGIN, m["sync"])
                )
        elif m["sync"] and not m["cut"] and os.path.isfile(m["sync_file"]) and not is_live(m["sync"], m["target"]):
            bad.append("%s doesn't feed %s. Mend the cause and run this job again." % (m["sync"], m["target"]))
        elif m["fork"] and os.path.isfile(m["fork_file"]) and not is_live(m["fork"], m["target"]):
            bad.append("%s doesn't feed %s. Mend the cause and run this job again." % (m["fork"], m["target"]))
        elif not m["sync"] and not m["fork"] and os.path.isfile(m["target_file"]) and not stands(m):
            bad.append("%s isn't there, or the pipe that copies into it. Mend the cause and run this job again." % m["target"])
    if bad and sys.argv[4] == "yes":
        STOPPED.append("the workspace says this commit is deployed, but not everything of it is live:")
        bad.append("Point the workspace at the commit before this one and run this again: tb init --override-commit COMMIT")
    if bad:
        stop(*bad)
    STOPPED.append("can't learn what is to be populated")
    populates()


def populates():
    """Sync pipes whose target is still empty: it is populated once, and never beside rows that are there."""
    for m in MIGRATIONS:
        if not m["populate"] or not is_live(m["sync"], m["target"]):
            continue
        source, target = (
            int(get("/v0/sql", q="SELECT count() AS n FROM `%s` FORMAT JSON" % name)["data"][0]["n"])
            for name in (m["populate"], m["target"])
        )
        if not target and source:
            print(m["sync"], m["target"], source, sep="\t")


def linked():
    STOPPED.append("populated, but not in order any more:")
    bad = [m for m in MIGRATIONS if m["populate"] and os.path.isfile(m["sync_file"]) and not is_live(m["sync"], m["target"])]
    if bad:
        stop(*("%s doesn't feed %s any more: rows that arrive are missing there until backfill run has added them." % (m["sync"], m["target"]) for m in bad))


def left():
    """After a deployment that failed: what of this plan stands."""
    for m in MIGRATIONS:
        live = m["sync"] or m["fork"]
        if not get("/v0/datasources/" + m["target"], absent={}):
            continue
        if live and not is_live(live, m["target"]):
            print("backfill: %s stands, and nothing feeds it yet." % m["target"])
        elif m["copy"] and not get("/v0/pipes/" + m["copy"], absent={}):
            by = "is fed by " + live if live else "stands"
            print("backfill: %s %s; %s, which is to bring what was there before, isn't there. Nothing is lost meanwhile." % (m["target"], by, m["copy"]))
        else:
            print("backfill: %s %s." % (m["target"], "is fed by " + live if live else "stands"))


COMMANDS = {"left": left, "start": start, "ready": ready, "check": check, "linked": linked}
try:
    COMMANDS[sys.argv[1]]()
except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
    stop("The workspace gave an answer that isn't understood (%s)." % type(error).__name__)
