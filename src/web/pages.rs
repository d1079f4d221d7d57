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

const ASSETS: [Asset; 13] = [
    asset("/", HTML, include_str!("assets/index.html")),
    asset("/page.css", STYLE, include_str!("assets/page.css")),
    asset("/strip.css", STYLE, include_str!("assets/strip.css")),
    asset("/client.js", SCRIPT, include_str!("assets/client.js")),
    asset("/page.js", SCRIPT, include_str!("assets/page.js")),
    asset(
        "/connection.js",
        SCRIPT,
        include_str!("assets/connection.js"),
    ),
    asset("/fader.js", SCRIPT, include_str!("assets/fader.js")),
    asset("/grip.js", SCRIPT, include_str!("assets/grip.js")),
    asset(
        "/name-dialog.js",
        SCRIPT,
        include_str!("assets/name-dialog.js"),
    ),
    asset("/names.js", SCRIPT, include_str!("assets/names.js")),
    asset("/parameter.js", SCRIPT, include_str!("assets/parameter.js")),
    asset("/strip.js", SCRIPT, include_str!("assets/strip.js")),
    asset("/words.js", SCRIPT, include_str!("assets/words.js")),
];

const fn asset(path: &'static str, kind: &'static str, content: &'static str) -> Asset {
    Asset {
        path,
        kind,
        content,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn every_file_of_the_folder_is_served_under_its_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/assets");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .expect("the folder is part of the sources")
            .map(|entry| entry.expect("it can be read").file_name())
            .map(|name| format!("/{}", name.to_string_lossy()))
            .map(|path| path.replace("/index.html", "/"))
            .collect();
        let served: BTreeSet<String> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
        assert_eq!(served, files);
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for asset in &ASSETS {
            // Beside names of namespaces, which nobody fetches.
            let text = asset.content.replace("http://www.w3.org/2000/svg", "");
            for scheme in ["http://", "https://", "src=\"//"] {
                let comes_from = |line: &&str| {
                    let loads = ["import ", "src=", "href=", "url(", "fetch("];
                    line.contains(scheme) && loads.iter().any(|word| line.contains(word))
                };
                assert_eq!(text.lines().find(comes_from), None, "{}", asset.path);
            }
        }
    }
}
