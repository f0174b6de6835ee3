//! The page, opened in a browser: from a file, or from the program that it shows.

use std::path::Path;
use std::{fmt, fs};

use reveille_trace::html;
use reveille_trace::trace::Trace;
use serde_json::{Value, json};

use crate::base64;
use crate::chromium::Chromium;

/// How wide the window is, in pixels.
pub const WIDE: u32 = 1280;
/// A telephone's width.
pub const NARROW: u32 = 390;

const HEIGHT: u32 = 900;

/// The four pages by the names that the page gives them.
pub const PAGES: [&str; 4] = ["loop", "timeline", "tasks", "latency"];

/// What the system asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark letters on light ground.
    Light,
    /// The other way round.
    Dark,
}

impl Theme {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Light, Self::Dark];
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Light => "light",
            Self::Dark => "dark",
        })
    }
}

/// A tab of a browser of its own.
#[derive(Debug)]
pub struct Tab {
    browser: Chromium,
    session: String,
    address: String,
    seen: Vec<Value>,
}

impl Tab {
    /// Opens the page with that trace in it, as the recorder writes it, from a file and without a network.
    pub fn open(trace: &Trace) -> Self {
        Self::open_text(&html::text(trace))
    }

    /// Opens a page.
    pub fn open_text(page: &str) -> Self {
        let browser = Chromium::start();
        let file = browser.folder().join("trace.html");
        fs::write(&file, page).expect("there is a place for the page");
        let mut tab = Self::new(browser, format!("file://{}", file.display()));
        let offline =
            json!({"offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        tab.call("Network.emulateNetworkConditions", offline);
        tab.navigate();
        tab
    }

    /// Opens the page that a program shows of itself while it runs.
    pub fn open_address(address: &str) -> Self {
        let mut tab = Self::new(Chromium::start(), address.to_owned());
        tab.navigate();
        tab
    }

    fn new(mut browser: Chromium, address: String) -> Self {
        let target = browser.call(None, "Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call(None, "Target.attachToTarget", attach);
        let session = attached["sessionId"]
            .as_str()
            .expect("a session has a name")
            .to_owned();
        let mut tab = Self {
            browser,
            session,
            address,
            seen: Vec::new(),
        };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        // On a telephone they take no room, and a screenshot has none.
        tab.call("Emulation.setScrollbarsHidden", json!({"hidden": true}));
        tab.resize(WIDE);
        tab
    }

    /// The value of an expression in the page. A promise is waited for.
    ///
    /// # Panics
    ///
    /// If it throws.
    #[track_caller]
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", parameters);
        let thrown = &answer["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}: {thrown}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression in the page is true.
    ///
    /// # Panics
    ///
    /// If it throws, or is not true for a minute.
    #[track_caller]
    pub fn wait_until(&mut self, expression: &str) {
        self.evaluate(&format!(
            "new Promise((done, failed) => {{ \
                const look = () => {{ \
                    try {{ if ({expression}) done(); else setTimeout(look, 20); }} catch (error) {{ failed(error); }} \
                }}; \
                look(); \
                setTimeout(() => failed(new Error('a minute is over')), 60000); \
            }})"
        ));
    }

    /// Presses a key and lets it go, as a person would: `ArrowRight`, `n`.
    pub fn press(&mut self, key: &str) {
        let text = (key.chars().count() == 1).then_some(key);
        let down = if text.is_some() { "keyDown" } else { "rawKeyDown" };
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": down, "key": key, "text": text.unwrap_or("")}),
        );
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key}));
    }

    /// Presses the mouse's left button and lets it go, at that place of the window.
    pub fn click(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let parameters = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", parameters);
        }
    }

    /// Makes the window that wide.
    pub fn resize(&mut self, width: u32) {
        let metrics = json!({"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        self.settle();
    }

    /// Makes the system ask for a theme.
    pub fn set_theme(&mut self, theme: Theme) {
        let feature = json!({"name": "prefers-color-scheme", "value": theme.to_string()});
        self.call("Emulation.setEmulatedMedia", json!({"features": [feature]}));
        self.settle();
    }

    /// Shows one of [`PAGES`], and waits until it is drawn.
    pub fn show(&mut self, page: &str) {
        self.evaluate(&format!("reveille.showPage({})", json!(page)));
        self.settle();
    }

    /// Writes what is seen into a PNG file, as long as it is.
    pub fn screenshot(&mut self, file: &Path) {
        let shot = self.call(
            "Page.captureScreenshot",
            json!({"format": "png", "captureBeyondViewport": true}),
        );
        let png = base64::decode(shot["data"].as_str().expect("it is a text"));
        fs::write(file, png).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// The addresses of all that was asked for since the page was opened, itself included.
    pub fn requests(&mut self) -> Vec<String> {
        self.events("Network.requestWillBeSent")
            .map(|event| {
                event["params"]["request"]["url"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// What the console has: messages of the page's, exceptions, and what the browser complains of.
    pub fn complaints(&mut self) -> Vec<String> {
        let told = [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
        ];
        told.iter()
            .flat_map(|name| self.events(name).map(ToString::to_string).collect::<Vec<_>>())
            .collect()
    }

    fn events(&mut self, name: &str) -> impl Iterator<Item = &Value> {
        self.seen.extend(self.browser.take_events());
        self.seen.iter().filter(move |event| event["method"] == name)
    }

    fn navigate(&mut self) {
        let address = self.address();
        self.call("Page.navigate", json!({"url": address}));
        self.browser.wait_for("Page.loadEventFired");
    }

    /// Waits until what was changed is laid out and drawn, and what waits for that, such as the table of the timeline, is there.
    fn settle(&mut self) {
        let drawn = "new Promise((done) => requestAnimationFrame(() => \
            requestAnimationFrame(() => setTimeout(done, 200))))";
        self.evaluate(drawn);
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.browser.call(Some(&self.session), method, parameters)
    }
}
