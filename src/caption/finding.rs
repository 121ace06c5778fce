//! The phrases of findings that more than one data set uses, and which of them are kinds of another.
//! Phrases that a single source names stand in that source's reader.

/// Deposits under the retinal pigment epithelium, of any size.
pub const DRUSEN: &str = "drusen";
/// Macular neovascularisation (CNV in older data sets).
pub const MNV: &str = "MNV";
/// A break of the inner retina at the fovea.
pub const LAMELLAR_HOLE: &str = "lamellar hole";
/// The vitreous pulls at the macula.
pub const VITREOMACULAR_TRACTION: &str = "vitreomacular traction";
/// Fluid within or under the retina.
pub const FLUID: &str = "fluid";
/// Fluid within the retina: cysts.
pub const INTRARETINAL_FLUID: &str = "intraretinal fluid";
/// Fluid between retina and pigment epithelium: a neuroepithelium detachment.
pub const SUBRETINAL_FLUID: &str = "subretinal fluid";
/// Bright material between retina and pigment epithelium.
pub const SUBRETINAL_HYPERREFLECTIVE_MATERIAL: &str = "subretinal hyperreflective material";
/// The posterior hyaloid is off the retina: common with age, and no disease.
pub const POSTERIOR_VITREOUS_DETACHMENT: &str = "posterior vitreous detachment";

/// Each narrower finding with the wider one that it is a kind of.
pub const PARENTS: [(&str, &str); 6] = [
    ("soft drusen", DRUSEN),
    ("hard drusen", DRUSEN),
    ("reticular drusen", DRUSEN),
    ("soft drusen PED", DRUSEN),
    (INTRARETINAL_FLUID, FLUID),
    (SUBRETINAL_FLUID, FLUID),
];

/// Findings of a healthy eye: a scan that is called healthy may show them, said or not.
pub const IN_HEALTHY: [&str; 1] = [POSTERIOR_VITREOUS_DETACHMENT];
