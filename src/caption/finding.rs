//! The phrases of findings that more than one data set uses, and which of them are kinds of another.
//! A phrase of a single source is in that source's reader.

/// Deposits under the retinal pigment epithelium, of any size.
pub const DRUSEN: &str = "drusen";
/// Macular neovascularisation (CNV in older data sets).
pub const MNV: &str = "MNV";
/// A defect of the inner retina at the fovea.
pub const LAMELLAR_HOLE: &str = "lamellar hole";
/// The vitreous is attached to the macula and pulls on it.
pub const VITREOMACULAR_TRACTION: &str = "vitreomacular traction";
/// Fluid within or under the retina.
pub const FLUID: &str = "fluid";
/// Fluid within the retina: cysts.
pub const INTRARETINAL_FLUID: &str = "intraretinal fluid";
/// Fluid between retina and pigment epithelium: a neuroepithelium detachment.
pub const SUBRETINAL_FLUID: &str = "subretinal fluid";
/// Bright material between retina and pigment epithelium.
pub const SUBRETINAL_HYPERREFLECTIVE_MATERIAL: &str = "subretinal hyperreflective material";
/// Separation of the posterior hyaloid from the retina: common with age, and not a disease.
pub const POSTERIOR_VITREOUS_DETACHMENT: &str = "posterior vitreous detachment";

/// Each narrower finding and the wider one that it is a kind of.
pub const PARENTS: [(&str, &str); 6] = [
    ("soft drusen", DRUSEN),
    ("hard drusen", DRUSEN),
    ("reticular drusen", DRUSEN),
    ("soft drusen PED", DRUSEN),
    (INTRARETINAL_FLUID, FLUID),
    (SUBRETINAL_FLUID, FLUID),
];

/// Findings that healthy eyes may have: the label healthy does not rule them out.
pub const IN_HEALTHY: [&str; 1] = [POSTERIOR_VITREOUS_DETACHMENT];
