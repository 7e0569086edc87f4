"""Hostile pages: what a page of a legacy system could try, each told apart by what it reaches.

A trick that gets through asks for `/reached/<trick>`, here or elsewhere; nobody else does. `{elsewhere}` is another
origin that the demo's operator names.
"""

TRICKS = {
    "download": '<iframe src="{base}/download" title="offer"></iframe>',
    "popup": "<script>window.open('{elsewhere}/reached/popup'); window.open('/desk')</script>",
    "subresource": '<img src="{elsewhere}/reached/subresource" alt="">',
    "redirect": '<img src="{base}/away?to=redirect" alt="">',
    "frame": '<iframe src="{elsewhere}/reached/frame" title="offer"></iframe>',
    "origin": "<script>location.href = '{elsewhere}/reached/origin'</script>",
    "redirected-origin": "<script>location.href = '{base}/away?to=redirected-origin'</script>",
    "websocket": "<script>new WebSocket('{elsewhere}/reached/websocket'.replace('http', 'ws'))</script>",
    "worker": """<script>navigator.serviceWorker?.register('{base}/worker.js')
        .then(worker => worker && fetch('{base}/reached/worker'), () => 0)</script>""",
    "camera": """<script>navigator.mediaDevices?.getUserMedia({{video: true}})
        .then(() => fetch('{base}/reached/camera'), () => 0)</script>""",
    "geolocation": """<script>navigator.geolocation?.getCurrentPosition(
        () => fetch('{base}/reached/geolocation'))</script>""",
    "notifications": """<script>window.Notification?.requestPermission()
        .then(said => said === 'granted' && fetch('{base}/reached/notifications'))</script>""",
    "clipboard": """<script>navigator.clipboard?.readText()
        .then(() => fetch('{base}/reached/clipboard'), () => 0)</script>""",
    "file": """<a id="leaflet" href="file:///etc/hostname">leaflet</a><img src="file:///etc/hostname" alt="">
        <script>fetch('file:///etc/hostname').then(() => fetch('{base}/reached/file'), () => 0);
        document.getElementById('leaflet').click()</script>""",
    "beacon": "<script>navigator.sendBeacon('{elsewhere}/reached/beacon', 'x')</script>",
    "refresh": """<meta http-equiv="refresh" content="0"><script>
        for (const last of ['beforeunload', 'pagehide', 'unload'])
          addEventListener(last, leaving => {{ leaving.preventDefault(); location.reload() }});
        </script>""",
}
"""By name: markup that a page of the system bears while the trick is switched on."""


def markup(names: str, base: str, elsewhere: str) -> str:
    """The markup of these tricks (names with spaces between); a name that is none counts as nothing."""
    tricks = [TRICKS[name] for name in names.split() if name in TRICKS]
    return "".join(trick.format(base=base, elsewhere=elsewhere.rstrip("/")) for trick in tricks)
