//! Lines for lectures: where the heat lies, what a finding is, and votes.

use crate::page::classes::ClassGroup;
use crate::page::numbers::share_text;
use crate::page::teach::findings::bearing;
use crate::page::teach::reveal::Hit;
use crate::page::text::Language;
use crate::report::Hidden;

/// Whether the heat lies in lesions: of a scan with so many of them, or of one of which that is not known.
pub fn reveal_lines(language: &Language, n_lesions: Option<usize>, hit: Option<&Hit>) -> Vec<String> {
    let text = language.text.teach;
    match (n_lesions, hit) {
        (None, _) => vec![text.unknown_lesions.to_owned()],
        (Some(0), _) => vec![text.no_lesions.to_owned()],
        (Some(_), None) => vec![text.no_heat.to_owned()],
        (Some(_), Some(Hit { finding, share, by_chance })) => {
            let of_peak = match finding {
                Some(finding) => (text.hit)(language.name_of(finding)),
                None => text.miss.to_owned(),
            };
            let percent = |share: f32| (share * 100.).round() as u32;
            vec![of_peak, (text.share)(percent(*share), percent(*by_chance))]
        }
    }
}

/// A finding's clinical name, and what it is, what it speaks for, how many of it are drawn if that is known, and what hiding
/// a region did to it, if that was asked. None of a phrase that has no definition.
pub fn definition_lines(
    language: &Language,
    finding: &str,
    n_drawn: Option<usize>,
    hidden: Option<&Hidden>,
) -> Option<[String; 2]> {
    let text = language.text.teach;
    let [name, sentence] = language.definition(finding)?;
    let mut lines = vec![sentence.to_owned()];
    lines.extend(bearing(finding).map(|bearing| (text.bearing)(bearing).to_owned()));
    lines.extend(n_drawn.map(|n| (text.drawn)(n)));
    let change = hidden.and_then(|hidden| hidden.findings.iter().find(|change| change.finding == finding));
    lines.extend(change.map(|change| {
        let [before, after] =
            [&change.likeness.before, &change.likeness.after].map(|likeness| share_text(likeness.margin));
        (text.without_region)(&before, &after)
    }));
    Some([name.to_owned(), lines.join(" ")])
}

/// What is voted for, and by how many.
pub fn vote_line(language: &Language, group: ClassGroup, n_votes: u32) -> String {
    let text = language.text.teach;
    let name = group.label().map_or(text.other_disease, |label| language.name_of(label));
    (text.votes)(name, n_votes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::fixtures::hidden;
    use crate::page::text::LANGUAGES;

    #[test]
    fn hit_and_miss_are_said_in_every_language() {
        let mut said = Vec::new();
        for language in &LANGUAGES {
            let hit = Hit { finding: Some("fluid".into()), share: 0.376, by_chance: 0.08 };
            let lines = reveal_lines(language, Some(2), Some(&hit));
            assert!(lines[0].contains(language.name_of("fluid")), "{lines:?}");
            assert!(lines[1].contains("38") && lines[1].contains('8'), "{lines:?}");
            let missed = reveal_lines(language, Some(2), Some(&Hit { finding: None, ..hit }));
            said.extend(lines.into_iter().take(1).chain(missed.into_iter().take(1)));
            said.extend([None, Some(0), Some(1)].into_iter().flat_map(|n| reveal_lines(language, n, None)));
        }
        let n_said = said.len();
        said.sort();
        said.dedup();
        assert_eq!((said.len(), n_said), (10, 10));
    }

    #[test]
    fn a_finding_is_defined_with_what_it_speaks_for_where_it_is_and_what_hiding_did() {
        for language in &LANGUAGES {
            let [name, lines] = definition_lines(language, "hyperfluorescent spots", Some(3), None).unwrap();
            assert!(["hyperreflective foci", "고반사점"].contains(&name.as_str()), "{name}");
            assert!(lines.contains('3'), "{lines}");
            let [_, folds] = definition_lines(language, "choroidal folds", None, None).unwrap();
            assert!(folds.contains((language.text.teach.bearing)(crate::page::teach::findings::Bearing::NotAmd)));
            let [_, fluid] = definition_lines(language, "fluid", None, Some(&hidden())).unwrap();
            assert!(fluid.contains(".25") && fluid.contains("−.1"), "{fluid}");
            assert_eq!(definition_lines(language, "glitter", None, None), None);
        }
    }

    #[test]
    fn votes_are_counted_beside_their_names() {
        let lines = LANGUAGES.each_ref().map(|language| vote_line(language, ClassGroup::OtherDisease, 4));
        assert_eq!(lines, ["other disease: 4", "다른 질환: 4"]);
        assert_eq!(vote_line(&LANGUAGES[1], ClassGroup::Amd, 0), "황반변성: 0");
    }
}
