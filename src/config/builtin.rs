//! The mappings that are built into the program.

/// Their names and texts, in the order in which they are listed.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("x32", include_str!("../../mappings/x32.toml")),
    ("xair", include_str!("../../mappings/xair.toml")),
    ("touchosc", include_str!("../../mappings/touchosc.toml")),
    (
        "touchosc-mk1",
        include_str!("../../mappings/touchosc-mk1.toml"),
    ),
    (
        "open-stage-control",
        include_str!("../../mappings/open-stage-control.toml"),
    ),
    ("companion", include_str!("../../mappings/companion.toml")),
    ("qlcplus", include_str!("../../mappings/qlcplus.toml")),
    ("ardour", include_str!("../../mappings/ardour.toml")),
];

#[cfg(test)]
#[path = "builtin_tests.rs"]
mod tests;
