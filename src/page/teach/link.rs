//! Links to what is shown: a scene or a step of the tour as the fragment of a URL, which browsers send to no host.
//!
//! `#sample=fluid.png&caption=fluid&target=AMD&map=hi_res_cam&turn=half&reveal=1`, `#case=7,2,0,6,0,0,0,0,0,0,0,5,0` (seed,
//! speckle, tilt, gain, the nine lesions), `#tour=3`.

use crate::page::teach::scene::{Scene, Source};
use crate::page::teach::tour::N_STEPS;
use crate::phantom::case::Case;
use crate::report::{MapLayer, MapMethod, Options, WordMethod};
use crate::scan::view::{Turn, View};

/// Where a link leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// What was shown, by which model.
    Scene {
        /// The scene.
        scene: Scene,
        /// The model's name; none for whichever answers.
        model: Option<String>,
    },
    /// A step of the tour, from 1.
    Tour(usize),
}

const TURNS: [(Turn, &str); 4] =
    [(Turn::None, "none"), (Turn::Left, "left"), (Turn::Right, "right"), (Turn::Half, "half")];

/// The fragment of a scene's link, without `#`. What is as it always is is left out.
pub fn fragment(scene: &Scene, model: Option<&str>) -> String {
    let Options { target, caption, map, layer, words, view, .. } = &scene.options;
    let mut parts = vec![match &scene.source {
        Source::Demo(file) => ("sample", file.clone()),
        Source::Case(case) => ("case", numbers_of(case)),
    }];
    let mut add = |name, value: Option<String>| parts.extend(value.map(|value| (name, value)));
    add("caption", caption.clone());
    add("target", target.clone());
    add("map", (*map != MapMethod::default()).then(|| map.name().to_owned()));
    add("layer", (*layer != MapLayer::default()).then(|| layer.name().to_owned()));
    add("words", (*words != WordMethod::default()).then(|| words.name().to_owned()));
    let view = view.unwrap_or_default();
    let turn = TURNS.into_iter().find(|(turn, _)| *turn == view.turn && view.turn != Turn::None);
    add("turn", turn.map(|(_, name)| name.to_owned()));
    add("crop", view.crop.map(|crop| crop.map(|edge| edge.to_string()).join(",")));
    add("invert", view.invert.then(|| "1".to_owned()));
    add("heat", (!scene.has_heat).then(|| "0".to_owned()));
    add("reveal", scene.is_revealed.then(|| "1".to_owned()));
    add("model", model.map(str::to_owned));
    parts.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

/// Reads a fragment, with or without `#`; none of one that is no link of this page. What cannot be read is left out.
pub fn read(fragment: &str) -> Option<Link> {
    let pairs: Vec<(&str, String)> = fragment
        .trim_start_matches('#')
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, decoded(value)))
        .collect();
    let get = |name: &str| pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str());
    if let Some(step) = get("tour") {
        return step.parse().ok().filter(|step| (1..=N_STEPS).contains(step)).map(Link::Tour);
    }
    let source = match (get("sample"), get("case")) {
        // A demo scan is a file of the site's own folder.
        (Some(file), _) if !file.is_empty() && !file.contains(['/', '\\']) => Source::Demo(file.to_owned()),
        (None, Some(numbers)) => Source::Case(case_of(numbers)?),
        _ => return None,
    };
    let turn = get("turn").and_then(|turn| TURNS.into_iter().find(|(_, name)| *name == turn));
    let crop = get("crop").and_then(|crop| {
        let edges: Option<Vec<usize>> = crop.split(',').map(|edge| edge.parse().ok()).collect();
        edges?.try_into().ok()
    });
    let view = View { crop, turn: turn.map(|(turn, _)| turn).unwrap_or_default(), invert: get("invert").is_some() };
    let options = Options {
        target: get("target").map(str::to_owned),
        caption: get("caption").map(str::to_owned),
        map: get("map").and_then(MapMethod::from_name).filter(|map| MapMethod::ALL.contains(map)).unwrap_or_default(),
        layer: get("layer").and_then(MapLayer::from_name).unwrap_or_default(),
        words: get("words").and_then(WordMethod::from_name).unwrap_or_default(),
        view: (!view.is_whole()).then_some(view),
        ..Options::default()
    };
    let scene = Scene { source, options, has_heat: get("heat") != Some("0"), is_revealed: get("reveal").is_some() };
    Some(Link::Scene { scene, model: get("model").map(str::to_owned) })
}

fn numbers_of(case: &Case) -> String {
    let settings = [i64::from(case.seed), case.speckle.into(), case.tilt.into(), case.gain.into()];
    let numbers = settings.into_iter().chain(case.lesions.map(i64::from));
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

fn case_of(numbers: &str) -> Option<Case> {
    let numbers: Vec<i32> = numbers.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [seed, speckle, tilt, gain, lesions @ ..] = numbers.as_slice() else { return None };
    let small = |number: i32| number.clamp(0, u8::MAX.into()) as u8;
    let case = Case {
        seed: (*seed).max(0) as u32,
        lesions: lesions.iter().map(|amount| small(*amount)).collect::<Vec<_>>().try_into().ok()?,
        speckle: small(*speckle),
        tilt: (*tilt).clamp(i8::MIN.into(), i8::MAX.into()) as i8,
        gain: small(*gain),
    };
    Some(case.clamped())
}

/// Percent-encoded (RFC 3986), but for letters, digits and what needs no encoding in a fragment's value.
fn encoded(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b',' => encoded.push(byte.into()),
            _ => {
                let digit = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
                encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    encoded
}

fn decoded(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::Lesion;

    fn back(scene: &Scene, model: Option<&str>) -> Link {
        read(&fragment(scene, model)).unwrap()
    }

    #[test]
    fn a_link_restores_what_was_shown() {
        let plain = Scene::of(Source::Demo("healthy-2.png".into()));
        assert_eq!(fragment(&plain, None), "sample=healthy-2.png");
        let view = View { crop: Some([1, 2, 300, 400]), turn: Turn::Half, invert: true };
        let options = Options {
            target: Some("AMD".into()),
            caption: Some("AMD, soft drusen & 100 % fluid = ü".into()),
            map: MapMethod::Occlusion,
            layer: MapLayer::Layer3,
            words: WordMethod::GradientXActivation,
            view: Some(view),
            ..Options::default()
        };
        let case = Case { seed: 77, tilt: -4, ..Case::default() }.with(Lesion::Fluid, 10);
        for source in [Source::Demo("healthy-2.png".into()), Source::Case(case)] {
            for (has_heat, is_revealed) in [(true, false), (false, true)] {
                let full = Scene { source: source.clone(), options: options.clone(), has_heat, is_revealed };
                let model = Some("seven".to_owned());
                let text = fragment(&full, model.as_deref());
                assert!(text.bytes().all(|b| b.is_ascii_graphic() && !b"#\"<>".contains(&b)), "{text}");
                assert_eq!(back(&full, model.as_deref()), Link::Scene { scene: full, model });
                let scene = Scene::of(source.clone());
                assert_eq!(back(&scene, None), Link::Scene { scene, model: None });
            }
        }
    }

    #[test]
    fn what_is_no_link_of_this_page_is_left_alone() {
        for text in
            ["", "#", "#answer", "sample=", "sample=../secret.png", "case=1,2", "case=x", "tour=0", "tour=9", "tour=x"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("#tour=3"), Some(Link::Tour(3)));
    }

    #[test]
    fn a_link_that_somebody_changed_asks_for_nothing_that_cannot_be() {
        let Some(Link::Scene { scene, .. }) = read("#case=-5,99,-99,99,1,99,0,0,0,0,0,0,-1&map=local&crop=1,2&turn=up")
        else {
            panic!("it is a case");
        };
        let Source::Case(case) = scene.source else { panic!("it is a case") };
        assert_eq!(case, case.clamped());
        assert_eq!((scene.options, scene.has_heat), (Options::default(), true));
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
