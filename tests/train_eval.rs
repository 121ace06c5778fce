//! `train eval` on scans of classes that the model does not have, and on changed scans.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "train")]

mod common;

use common::{WEIGHTS, in_repository, json, printed, sum, text};

/// Sums of four numbers.
const ROUNDING: f64 = 1e-6;

/// Writes four scans of four patients in the layout of Kermany's set, one of them of another disease, and names them as data.
fn four_patients(dir: &std::path::Path) -> String {
    let scans = [
        ("CNV/CNV-9999990-1", "fluid"),
        ("DRUSEN/DRUSEN-9999991-1", "drusen"),
        ("NORMAL/NORMAL-9999992-1", "healthy"),
        ("DME/DME-9999993-1", "fluid"),
    ];
    for (name, sample) in scans {
        let copy = dir.join(name).with_extension("png");
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(in_repository("www/samples").join(sample).with_extension("png"), copy).unwrap();
    }
    format!("kermany:{}", text(dir))
}

#[test]
fn patients_with_other_diseases_are_split_too() {
    let dir = tempfile::tempdir().unwrap();
    let (scans, run) = (dir.path().join("scans"), dir.path().join("run"));
    // Three patients of each class, whose scans are turned copies, and one of another disease.
    let mut patient = 0;
    let mut add = |class: &str, scan: &image::DynamicImage| {
        patient += 1;
        std::fs::create_dir_all(scans.join(class)).unwrap();
        scan.save(scans.join(class).join(format!("{class}-{patient}-1.png"))).unwrap();
    };
    for (class, sample) in [("NORMAL", "healthy"), ("CNV", "drusen")] {
        let scan = image::open(in_repository("www/samples").join(sample).with_extension("png")).unwrap();
        [scan.fliph(), scan.flipv(), scan].iter().for_each(|scan| add(class, scan));
    }
    add("DME", &image::open(in_repository("www/samples/fluid.png")).unwrap());
    let data = format!("kermany:{}", text(&scans));
    printed(&["finetune", "--out", text(&run), "--data", &data, "--epochs", "0"]);
    let splits: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("splits.json")).unwrap()).unwrap();
    assert_eq!(splits["patients"].as_object().unwrap().len(), 7);
    assert!(splits["patients"]["kermany/7"].is_string(), "{splits}");
    let model = std::fs::read_to_string(run.join("model.json")).unwrap();
    assert!(!model.contains("DME"));
}

#[test]
fn one_class_alone_has_no_auroc() {
    let dir = tempfile::tempdir().unwrap();
    four_patients(dir.path());
    for class in ["NORMAL", "DME"] {
        std::fs::remove_dir_all(dir.path().join(class)).unwrap();
    }
    let (data, weights) = (format!("kermany:{}", text(dir.path())), in_repository(WEIGHTS));
    let eval = ["eval", "--weights", text(&weights), "--data", &data, "--split", "all"];
    let figures = json(&[&eval[..], &["--json"]].concat());
    let image = &figures["sources"]["kermany"]["heads"]["image"];
    for measure in ["auroc", "macro_auroc", "auprc", "specificity"] {
        assert!(image[measure].is_null(), "{measure}: {}", image[measure]);
    }
    assert!(image["sensitivity"]["value"].is_f64());
    let printed = printed(&eval);
    assert!(printed.contains("sensitivity") && !printed.contains("NaN"), "{printed}");
    for line in printed.lines().filter(|line| line.contains("AUROC") && !line.contains("by device")) {
        let is_header = line.contains("image AUROC");
        assert!(is_header || !line.contains(|c: char| c.is_ascii_digit()), "{line}");
    }
}

#[test]
fn warnings_are_measured_on_other_diseases_too_and_changed_scans_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let data = four_patients(dir.path());
    let (weights, page) = (in_repository(WEIGHTS), dir.path().join("report.html"));
    let eval = ["eval", "--weights", text(&weights), "--data", &data, "--split", "all"];

    let figures = json(&[&eval[..], &["--json"]].concat());
    let of_source = &figures["sources"]["kermany"];
    assert_eq!((&of_source["n_scans"], &of_source["device"]), (&3.into(), &"Heidelberg Spectralis".into()));
    assert_eq!(sum(&of_source["heads"]["image"]["confusion"][1]), 2, "the scan of DME is no AMD to find");
    let groups = &of_source["warnings"]["groups"];
    for (group, n_scans) in [("healthy", 1), ("amd", 2), ("another_disease", 1)] {
        assert_eq!(groups[group]["n_scans"], n_scans);
        let kinds = groups[group]["kinds"].as_object().unwrap();
        assert!((kinds.values().map(|share| share.as_f64().unwrap()).sum::<f64>() - 1.).abs() < ROUNDING);
    }
    assert!(of_source["warnings"]["others_called_amd"]["value"].is_f64());
    let bands = of_source["answers"].as_array().unwrap();
    let all = |count: &str| bands.iter().map(|band| band[count].as_u64().unwrap()).sum::<u64>();
    assert_eq!([all("n_scans"), all("n_other_diseases")], [3, 1], "{bands:?}");
    assert!(bands.iter().all(|band| band["n_right"].as_u64() <= band["n_scans"].as_u64()), "{bands:?}");
    assert!(figures["stress"].is_null());

    let changed = json(&[&eval[..], &["--stress", "--limit", "2", "--json", "--report", text(&page)]].concat());
    assert_eq!(changed["sources"]["kermany"]["n_scans"], 2);
    let stress = &changed["stress"]["kermany"];
    let rows = stress["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &stress["n_scans"]), (27, &2.into()));
    for row in rows {
        let agreement = row["label_agreement"].as_f64().unwrap();
        assert!([0., 0.5, 1.].contains(&agreement), "{row}");
        assert!((-1. ..=1.).contains(&row["heatmap_pearson"].as_f64().unwrap()), "{row}");
    }
    // The weakest compression leaves answers and heatmaps nearly as they are; the strongest noise does not.
    let heatmap = |change: &str, strength: &str| {
        let row = rows.iter().find(|row| row["change"] == change && row["strength"] == strength).unwrap();
        row["heatmap_pearson"].as_f64().unwrap()
    };
    assert!(heatmap("compression", "weak") > 0.8 && heatmap("compression", "weak") > heatmap("speckle", "strong"));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("as if from elsewhere") && page.contains("noise floor"));
}
