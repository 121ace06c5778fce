//! A patient's number as lists have it, whatever a spreadsheet made of it. Splits keep equal numbers together.

/// What pandas, R and Excel write for a cell without a value, in lower case.
const NO_VALUE: [&str; 9] = ["", "nan", "na", "n/a", "#n/a", "null", "none", "-", "?"];

/// The patient of a cell: `1084498`, `1084498.0`, `1084498,00` and `1.084498E+06` are one.
///
/// # Errors
/// There is none, or digits of it are lost.
pub(super) fn patient(cell: &str) -> Result<String, String> {
    let cell = cell.trim();
    if NO_VALUE.contains(&cell.to_lowercase().as_str()) {
        return Err("the patient is missing".to_owned());
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let exponent = |text: &str| text.strip_prefix('+').filter(|e| is_number(e)).and_then(|e| e.parse::<usize>().ok());
    let scientific = cell.split_once(['e', 'E']).and_then(|(mantissa, e)| Some((mantissa, exponent(e)?)));
    let (mantissa, exponent) = scientific.map_or((cell, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    if !is_number(whole) || !(fraction.is_empty() || is_number(fraction)) {
        return Ok(cell.to_owned());
    }
    let digits = fraction.trim_end_matches('0');
    match exponent {
        None if digits.is_empty() && (fraction.is_empty() == (mantissa == whole)) => Ok(whole.to_owned()),
        None => Ok(cell.to_owned()),
        // Without all digits, two patients may have become one number, or one patient two.
        Some(exponent) if exponent > fraction.len() => Err(format!(
            "patient {cell} has lost digits in a spreadsheet: format that column as text and enter the numbers again"
        )),
        Some(exponent) if digits.len() > exponent => Ok(cell.to_owned()),
        Some(exponent) => Ok(format!("{whole}{}", &fraction[..exponent])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_patient_however_it_is_written() {
        for cell in ["1084498", " 1084498 ", "1084498.0", "1084498.00", "1084498,0", "1.084498E+06", "1.0844980e+6"] {
            assert_eq!(patient(cell).as_deref(), Ok("1084498"), "{cell}");
        }
        for other in ["007", "1084498.5", "P1.0", "12.", "1E", "A1E+06", "2e4f", "12e5", "1084498-1", "-no"] {
            assert_eq!(patient(other).as_deref(), Ok(other), "{other}");
        }
    }

    #[test]
    fn a_patient_that_is_missing_or_rounded_is_named() {
        for cell in ["", " ", "nan", "NaN", "NA", "#N/A", "None", "null"] {
            assert!(patient(cell).unwrap_err().contains("missing"), "{cell}");
        }
        assert!(patient("1.08E+06").unwrap_err().contains("lost digits"));
    }
}
