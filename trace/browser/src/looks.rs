//! What a reader could not read.

use crate::tab::Tab;

/// What is wrong with how the page looks just now: text that is cut off or lies upon other text, a contrast below 4.5 to 1
/// (WCAG 2.2, level AA), a page that is wider than its window. Text that is painted on a canvas is not looked at.
pub fn complaints(tab: &mut Tab) -> Vec<String> {
    let found = tab.evaluate(include_str!("looks.js"));
    let found = found.as_array().expect("it is a list of texts");
    found
        .iter()
        .map(|text| text.as_str().unwrap_or_default().to_owned())
        .collect()
}
