"""The door for other devices: nothing at all is served to those that come without the key."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, jsonify, make_response, render_template, request

from pytrain.serve.api_error import ApiError
from pytrain.serve.guard import Guard
from pytrain.serve.share.key import PARAMETER
from pytrain.serve.share.qr import as_svg
from pytrain.serve.share.share import Share

NO_KEY = ApiError(
    403,
    "The key is missing or old: pytrain makes a new one whenever it is started.",
    expected="the link that pytrain serve --share shows",
    fix="Scan the QR code again, on the computer that runs pytrain.",
)


def make_gate(app: Flask, guard: Guard, share: Share | None) -> Blueprint:
    """The routes /share, and where there is something to share, the check of every request."""
    pages = Blueprint("share", __name__, template_folder="pages")

    @pages.get("/share")
    def show() -> tuple[str, int] | str:
        guard.check_host(request)
        guard.check_here(request, "show the link")
        if share is None:
            return render_template("not-shared.html")
        return render_template(
            "share.html", url=share.url, fingerprint=share.fingerprint, code=as_svg(share.url)
        )

    @pages.errorhandler(ApiError)
    def refused(problem: ApiError) -> tuple[Response, int]:
        return jsonify(error=problem.as_json()), problem.status

    @pages.after_request
    def never_kept(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    if share is None:
        return pages

    @app.before_request
    def check() -> Response | None:
        try:
            guard.check_host(request)
        except ApiError as problem:
            return _answer(problem)
        if guard.is_here(request):
            return None
        if _is_page(request.headers.get("Sec-Fetch-Mode"), request.headers.get("Accept", "")):
            given = request.args.get(PARAMETER)
            if given is not None and share.key.fits(given):
                return _hand_over(share)
        return None if guard.has_key(request) else _answer(NO_KEY)

    return pages


def _hand_over(share: Share) -> Response:
    """Gives the cookie, and leads on to the same address without the key.

    Not by a redirect: a browser that was led here by another site would leave the cookie out.
    """
    others = [(name, value) for name, value in request.args.items(multi=True) if name != PARAMETER]
    target = f"{request.path}?{urlencode(others)}" if others else request.path
    # "//elsewhere" would be another host.
    response = make_response(render_template("hand-over.html", target=f"/{target.lstrip('/')}"))
    share.key.let_in(response)
    return _private(response)


def _answer(problem: ApiError) -> Response:
    """The error, as a page for people and as JSON for programs."""
    if _is_page(request.headers.get("Sec-Fetch-Mode"), request.headers.get("Accept", "")):
        response = make_response(render_template("no-key.html", problem=problem))
    else:
        response = jsonify(error=problem.as_json())
    response.status_code = problem.status
    return _private(response)


def _is_page(mode: str | None, accepted: str) -> bool:
    """Whether a person asks, by opening an address."""
    return mode == "navigate" or (mode is None and "text/html" in accepted)


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
