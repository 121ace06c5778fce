//! DICOM objects of a report, read back by `dicom-object`, another implementation than the one that writes them.
//! `fixtures/dicom_out/make.py` writes the sources; `yardstick/dicom_out.py` reads the same with highdicom.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use common::{WEIGHTS, in_repository, one_line, printed, refusal, text};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::mem::InMemElement;
use dicom_object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};
use octlens::dicom_out::{Objects, Patient, objects};
use octlens::engine::{Engine, Input};
use octlens::render;
use octlens::report::{Doubt, Options, Report, Warning, WarningKind};
use octlens::scan::view::View;
use octlens::scan::{Identity, ScanFile};

/// UIDs of the fixtures.
const ROOT: &str = "1.2.826.0.1.3680043.8.498.";
/// What the fixtures say of the patient and the study.
const SECRETS: [&[u8]; 7] = [b"SECRET", b"Secret", b"Hong", b"20240501", b"19500102", b"101112", "\u{d64d}".as_bytes()];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(in_repository("tests/fixtures/dicom_out").join(name)).unwrap()
}

fn identity(bytes: &[u8]) -> Identity {
    ScanFile::open(bytes).unwrap().identity().unwrap()
}

/// The report on a frame of a fixture, by the model of the repository.
fn report(name: &str, frame: usize) -> Report {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine =
        ENGINE.get_or_init(|| Engine::load("compact", std::fs::read(in_repository(WEIGHTS)).unwrap()).unwrap());
    let bytes = fixture(name);
    let options = Options { target: Some("AMD".to_owned()), ..Options::default() };
    engine.analyze(&Input { name, bytes: &bytes, frame }, &options).unwrap().report
}

/// The report on the second frame of the volume.
fn of_volume() -> Report {
    static REPORT: OnceLock<Report> = OnceLock::new();
    REPORT.get_or_init(|| report("volume.dcm", 1)).clone()
}

fn made(report: &Report, patient: Patient) -> Objects {
    objects(&identity(&fixture("volume.dcm")), report, patient).unwrap()
}

fn read(bytes: &[u8]) -> DefaultDicomObject {
    OpenFileOptions::new().from_reader(bytes).unwrap()
}

fn value(object: &InMemDicomObject, tag: Tag) -> String {
    object.element(tag).unwrap().to_str().unwrap().trim_end_matches([' ', '\0']).to_owned()
}

fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.element(tag).unwrap().items().unwrap()
}

/// The only item of a sequence.
fn item(object: &InMemDicomObject, tag: Tag) -> &InMemDicomObject {
    let [item] = items(object, tag) else { panic!("{tag} has not one item") };
    item
}

fn uid(bytes: &[u8]) -> String {
    value(&read(bytes), tags::SOP_INSTANCE_UID)
}

/// The values of all content items, by the meaning of their names.
fn content(object: &InMemDicomObject, found: &mut BTreeMap<String, Vec<String>>) {
    let Ok(sequence) = object.element(tags::CONTENT_SEQUENCE) else { return };
    for child in sequence.items().unwrap() {
        let said = match value(child, tags::VALUE_TYPE).as_str() {
            "CONTAINER" => String::new(),
            "TEXT" => value(child, tags::TEXT_VALUE),
            "UIDREF" => value(child, tags::UID),
            "CODE" => value(item(child, tags::CONCEPT_CODE_SEQUENCE), tags::CODE_MEANING),
            "IMAGE" => {
                let image = item(child, tags::REFERENCED_SOP_SEQUENCE);
                format!(
                    "{} {}",
                    value(image, tags::REFERENCED_SOP_INSTANCE_UID),
                    value(image, tags::REFERENCED_FRAME_NUMBER)
                )
            }
            "NUM" => {
                let number = item(child, tags::MEASURED_VALUE_SEQUENCE).element(tags::FLOATING_POINT_VALUE).unwrap();
                number.to_float64().unwrap().to_string()
            }
            other => panic!("{other}"),
        };
        let name = value(item(child, tags::CONCEPT_NAME_CODE_SEQUENCE), tags::CODE_MEANING);
        found.entry(name).or_default().push(said);
        content(child, found);
    }
}

#[test]
fn the_segmentation_has_the_pixels_of_the_overlay_and_names_the_frame() {
    let report = of_volume();
    let object = read(&made(&report, Patient::Unnamed).segmentation);
    assert_eq!(object.meta().media_storage_sop_class_uid(), uids::SEGMENTATION_STORAGE);
    assert_eq!(object.meta().media_storage_sop_instance_uid(), value(&object, tags::SOP_INSTANCE_UID));
    let pixels = object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned();
    assert_eq!(pixels, render::levels(&report.heatmap, [80, 48]));
    assert!(pixels.iter().any(|level| *level > 200));
    for (tag, expected) in [
        (tags::ROWS, "48"),
        (tags::COLUMNS, "80"),
        (tags::NUMBER_OF_FRAMES, "1"),
        (tags::SEGMENTATION_TYPE, "FRACTIONAL"),
        (tags::SEGMENTATION_FRACTIONAL_TYPE, "PROBABILITY"),
        (tags::MAXIMUM_FRACTIONAL_VALUE, "255"),
        (tags::PIXEL_ASPECT_RATIO, "3870\\11390"),
        (tags::LOSSY_IMAGE_COMPRESSION, "00"),
        (tags::DEVICE_SERIAL_NUMBER, report.model.sha256.as_str()),
    ] {
        assert_eq!(value(&object, tag), expected, "{tag}");
    }
    let segment = item(&object, tags::SEGMENT_SEQUENCE);
    assert_eq!(value(segment, tags::SEGMENT_LABEL), "Evidence for AMD (GradCAM)");
    let region = item(segment, tags::ANATOMIC_REGION_SEQUENCE);
    assert_eq!(value(item(region, tags::ANATOMIC_REGION_MODIFIER_SEQUENCE), tags::CODE_MEANING), "Right");
    let frame = item(&object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let source = item(item(frame, tags::DERIVATION_IMAGE_SEQUENCE), tags::SOURCE_IMAGE_SEQUENCE);
    assert_eq!(value(source, tags::REFERENCED_SOP_INSTANCE_UID), format!("{ROOT}11"));
    assert_eq!(value(source, tags::REFERENCED_SOP_CLASS_UID), "1.2.840.10008.5.1.4.1.1.77.1.5.4");
    assert_eq!(value(source, tags::REFERENCED_FRAME_NUMBER), "2");
}

#[test]
fn the_structured_report_holds_the_answer_and_refers_to_scan_and_heatmap() {
    let mut report = of_volume();
    report.warning = Warning { kind: WarningKind::Unsure, reasons: vec![Doubt::HeadsDisagree], score: 0.6 };
    let objects = made(&report, Patient::Unnamed);
    let object = read(&objects.structured_report);
    assert_eq!(object.meta().media_storage_sop_class_uid(), uids::COMPREHENSIVE_SR_STORAGE);
    assert_eq!(value(&object, tags::VERIFICATION_FLAG), "UNVERIFIED");
    let mut found = BTreeMap::new();
    content(&object, &mut found);
    let p = |label: &str| [&report.image, &report.text].map(|head| f64::from(head.probabilities[label]).to_string());
    let scan = format!("{ROOT}11 2");
    let amd = "Age-related macular degeneration";
    let class = |label: &str| if label == "AMD" { amd.to_owned() } else { "Normal".to_owned() };
    let findings = vec![class(&report.image.label), class(&report.text.label), "Evidence for a class".to_owned()];
    for (name, expected) in [
        ("Probability of AMD", p("AMD").to_vec()),
        ("Probability of healthy", p("healthy").to_vec()),
        ("Finding", findings),
        ("Evidence for a class", vec![amd.to_owned()]),
        ("Caption that the text head read", vec![report.caption.text.clone()]),
        ("Whether the answer is to be doubted", vec!["Not sure of this answer".to_owned()]),
        ("Reason to doubt the answer", vec!["heads disagree".to_owned()]),
        ("What to do about the doubt", vec![Doubt::HeadsDisagree.advice().to_owned()]),
        ("Device Observer Serial Number", vec![report.model.sha256.clone()]),
        ("Source of Measurement", vec![scan.clone(), scan.clone()]),
        ("Source image for segmentation", vec![scan]),
        ("Referenced Segmentation Frame", vec![format!("{} 1", uid(&objects.segmentation))]),
        ("Laterality", vec!["Right".to_owned(); 3]),
    ] {
        assert_eq!(found[name], expected, "{name}");
    }
    assert!(found["Comment"][0].contains("Research use only"));
    // Every object that is referred to is listed as evidence.
    let evidence: Vec<String> = items(&object, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE)
        .iter()
        .flat_map(|study| items(study, tags::REFERENCED_SERIES_SEQUENCE))
        .flat_map(|series| items(series, tags::REFERENCED_SOP_SEQUENCE))
        .map(|instance| value(instance, tags::REFERENCED_SOP_INSTANCE_UID))
        .collect();
    assert_eq!(evidence, [format!("{ROOT}11"), uid(&objects.segmentation)]);
}

#[test]
fn what_is_not_a_scan_has_no_finding() {
    let mut report = of_volume();
    report.warning = Warning { kind: WarningKind::NotAScan, reasons: vec![Doubt::Noise], score: 1. };
    let mut found = BTreeMap::new();
    content(&read(&made(&report, Patient::Unnamed).structured_report), &mut found);
    assert_eq!(found["Finding"], ["Evidence for a class"]);
    assert_eq!(found["Whether the answer is to be doubted"], ["No answer: not an OCT B-scan"]);
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn the_patient_is_named_only_if_asked_for_and_then_as_the_source_does() {
    let source = read(&fixture("volume.dcm"));
    let raw = |object: &InMemDicomObject, tag| -> Vec<u8> {
        let value = |element: &InMemElement| element.to_bytes().unwrap().trim_ascii_end().to_vec();
        object.element(tag).map(value).unwrap_or_default()
    };
    let Objects { segmentation, structured_report } = made(&of_volume(), Patient::Unnamed);
    for bytes in [segmentation, structured_report] {
        assert!(SECRETS.iter().all(|secret| !holds(&bytes, secret)));
        let object = read(&bytes);
        for tag in
            [tags::PATIENT_NAME, tags::PATIENT_ID, tags::PATIENT_BIRTH_DATE, tags::STUDY_DATE, tags::ACCESSION_NUMBER]
        {
            assert_eq!(value(&object, tag), "", "{tag}");
        }
        assert_eq!(value(&object, tags::PATIENT_IDENTITY_REMOVED), "YES");
        assert!(value(&object, tags::STUDY_INSTANCE_UID).starts_with("2.25."));
    }
    let Objects { segmentation, structured_report } = made(&of_volume(), Patient::AsSource);
    for bytes in [segmentation, structured_report] {
        let object = read(&bytes);
        for tag in [
            tags::SPECIFIC_CHARACTER_SET,
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::PATIENT_BIRTH_DATE,
            tags::PATIENT_SEX,
            tags::STUDY_INSTANCE_UID,
            tags::STUDY_DATE,
            tags::STUDY_ID,
            tags::ACCESSION_NUMBER,
            tags::REFERRING_PHYSICIAN_NAME,
        ] {
            assert!(!raw(&object, tag).is_empty() && raw(&object, tag) == raw(&source, tag), "{tag}");
        }
        assert_eq!(value(&object, tags::CONTENT_DATE), "20240501");
        assert!(object.element(tags::PATIENT_IDENTITY_REMOVED).is_err() && !holds(&bytes, b"Hospital"));
        assert_ne!(value(&object, tags::SERIES_INSTANCE_UID), format!("{ROOT}7.1"));
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_and_another_one_other_objects() {
    let report = of_volume();
    let first = made(&report, Patient::Unnamed);
    let mut slower = report.clone();
    slower.timings_ms.decode += 1.;
    assert_eq!(made(&slower, Patient::Unnamed), first);
    let mut other_frame = report.clone();
    other_frame.input.frame = 2;
    let mut other_answer = report.clone();
    other_answer.caption.text = "AMD, soft drusen".to_owned();
    let others =
        [made(&report, Patient::AsSource), made(&other_frame, Patient::Unnamed), made(&other_answer, Patient::Unnamed)];
    let mut all: Vec<String> = others.iter().map(|made| uid(&made.structured_report)).collect();
    all.push(uid(&first.structured_report));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
    let series = |made: &Objects| value(&read(&made.segmentation), tags::SERIES_INSTANCE_UID);
    assert!(series(&others[1]) == series(&first) && series(&others[0]) != series(&first));
}

#[test]
fn a_file_of_one_frame_is_named_without_a_number_and_stays_lossy() {
    let bytes = fixture("single.dcm");
    let made = objects(&identity(&bytes), &report("single.dcm", 0), Patient::AsSource).unwrap();
    let object = read(&made.segmentation);
    let frame = item(&object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let source = item(item(frame, tags::DERIVATION_IMAGE_SEQUENCE), tags::SOURCE_IMAGE_SEQUENCE);
    assert!(source.element(tags::REFERENCED_FRAME_NUMBER).is_err());
    let lossy =
        [tags::LOSSY_IMAGE_COMPRESSION, tags::LOSSY_IMAGE_COMPRESSION_RATIO, tags::LOSSY_IMAGE_COMPRESSION_METHOD];
    assert_eq!(lossy.map(|tag| value(&object, tag)), ["01", "12.5", "ISO_10918_1"]);
}

#[test]
fn what_cannot_be_referred_to_is_refused() {
    let report = of_volume();
    let refused = |bytes: &[u8], report: &Report| {
        let made =
            ScanFile::open(bytes).unwrap().identity().and_then(|identity| objects(&identity, report, Patient::Unnamed));
        let message = made.unwrap_err().to_string();
        assert!(!message.contains('\n') && message.contains(": "), "{message}");
        message
    };
    let without_study = std::fs::read(in_repository("tests/fixtures/trials/dicom/le8.dcm")).unwrap();
    let mut first = report.clone();
    first.input.frame = 0;
    assert!(refused(&without_study, &first).contains("no valid StudyInstanceUID"));
    assert!(refused(&without_study, &report).contains("frame 2"));
    let png = std::fs::read(in_repository("www/samples/drusen.png")).unwrap();
    assert!(refused(&png, &report).contains("not DICOM"));
    let mut of_a_part = report;
    of_a_part.input.view = Some(View { invert: true, ..View::default() });
    assert!(refused(&fixture("volume.dcm"), &of_a_part).contains("a part of the picture"));
}

#[test]
fn what_identifies_the_patient_is_listed_in_every_encoding() {
    let listed = |bytes: &[u8]| -> BTreeMap<String, (String, usize)> {
        let all = identity(bytes).identifiers().to_vec();
        all.into_iter().map(|found| (found.path, (found.value, found.n_values))).collect()
    };
    let found = listed(&fixture("volume.dcm"));
    let once = |value: &str| (value.to_owned(), 1);
    assert_eq!(found["PatientName"], once("Hong^Gildong=洪^吉洞=홍^길동"));
    assert_eq!(found["RequestAttributesSequence/RequestedProcedureID"], once("SECRET-3"));
    assert_eq!(found["InstitutionName"], once("Secret Hospital"));
    assert_eq!(found["private"], (String::new(), 2));
    assert!(!found.contains_key("Rows") && !found.contains_key("Modality"));
    for name in ["le8", "implicit", "be8_ob", "deflated", "bare_implicit", "no_preamble"] {
        let bytes = std::fs::read(in_repository(&format!("tests/fixtures/trials/dicom/{name}.dcm"))).unwrap();
        let found = listed(&bytes);
        assert_eq!((&found["PatientName"], &found["PatientID"]), (&once("Nobody^Never"), &once("SECRET-1")), "{name}");
    }
}

#[test]
fn damaged_files_give_objects_or_a_reason_and_never_more() {
    let whole = fixture("volume.dcm");
    let report = of_volume();
    let (mut n_made, mut n_refused) = (0, 0);
    // Each byte of the header becomes another one, and the file ends at each.
    for at in 132..1000 {
        let mut changed = whole.clone();
        changed[at] = changed[at].wrapping_mul(31).wrapping_add(0x81);
        for bytes in [&changed[..], &whole[..at]] {
            let identity = ScanFile::open(bytes).and_then(|file| file.identity());
            match identity.and_then(|identity| objects(&identity, &report, Patient::AsSource)) {
                Ok(made) => {
                    assert!(made.segmentation.len() > 4000);
                    n_made += 1;
                }
                Err(error) => {
                    let message = error.to_string();
                    assert!(!message.contains('\n') && !message.contains("SECRET"), "{message}");
                    n_refused += 1;
                }
            }
        }
    }
    assert!(n_made > 300 && n_refused > 300, "{n_made} made, {n_refused} refused");
}

#[test]
fn the_command_writes_both_objects_and_lists_identifiers_only_if_asked() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("objects");
    let volume = in_repository("tests/fixtures/dicom_out/volume.dcm");
    let volume = text(&volume);
    let answer = printed(&["explain", volume, "--frame", "2", "--target", "AMD", "--json", "--dicom", text(&out)]);
    assert!(!SECRETS.iter().any(|secret| holds(answer.as_bytes(), secret)));
    let mut written: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    written.sort();
    let ends = |path: &Path, end: &str| text(path).ends_with(end);
    let [segmentation, structured_report] = &written[..] else { panic!("{written:?}") };
    assert!(ends(segmentation, ".seg.dcm") && ends(structured_report, ".sr.dcm"), "{written:?}");
    let expected = made(&of_volume(), Patient::Unnamed);
    assert_eq!(std::fs::read(segmentation).unwrap(), expected.segmentation);
    assert_eq!(std::fs::read(structured_report).unwrap(), expected.structured_report);

    let listed = printed(&["explain", volume, "--show-identifiers"]);
    assert!(listed.contains("\n  PatientID: SECRET-1\n") && listed.contains("PatientName: Hong^Gildong"), "{listed}");
    assert!(refusal(&["explain", volume, "--identified"], 2).contains("--dicom"));
    let png = in_repository("www/samples/drusen.png");
    assert!(one_line(&["explain", text(&png), "--dicom", text(&out)]).contains("not DICOM"));
}
