//! Each page and each file that pages are made of, at its path.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// One file, as it is served.
struct Asset {
    path: &'static str,
    kind: &'static str,
    content: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

const ASSETS: [Asset; 1] = [Asset {
    path: "/",
    kind: HTML,
    content: include_str!("assets/index.html"),
}];

/// What a page may load, and whom it may speak to: this gateway, and whichever gateway its user
/// names. Nothing else, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// All of them.
pub fn pages() -> Router {
    let pages = ASSETS.iter().fold(Router::new(), |pages, asset| {
        pages.route(asset.path, get(move || async move { serve(asset) }))
    });
    pages.fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
}

fn serve(asset: &Asset) -> Response {
    let header = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [
        header(header::CONTENT_TYPE, asset.kind),
        header(header::CONTENT_SECURITY_POLICY, POLICY),
        header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        header(header::REFERRER_POLICY, "no-referrer"),
        // A program that was replaced serves other pages under the same names.
        header(header::CACHE_CONTROL, "no-cache"),
        // Anybody's page may use the client from here; whether it may connect is asked then.
        header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, asset.content).into_response()
}
