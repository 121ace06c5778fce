//! Finds the rows of the retina, the noise floor and overlays, from the light of the cells of a coarse grid.

use super::foreign::Foreign;
use crate::scan::Scan;
use crate::scan::quantile::quantile;

/// Largest number of cells across and down: enough to follow the retina, few enough that noise averages out within one.
const GRID: [usize; 2] = [64, 96];
/// Smallest share of pixels that are not foreign for a cell to count.
const MIN_FREE: f32 = 0.5;
/// Quantile of the cells' means that is the noise floor: vitreous or shadow, even in a scan cropped to the retina.
const DARK: f32 = 0.15;
/// Quantile of the cells' means that is bright tissue: pigment epithelium or nerve fibres.
const BRIGHT: f32 = 0.98;
/// Smallest light of a cell of the retina, as a share of the bright tissue's.
const MIN_LIGHT: f32 = 0.2;
/// Smallest energy (sum of squared light) of a connected component of the retina, as a share of the largest component's.
/// Shadows may split the retina.
const MIN_COMPONENT: f32 = 0.12;
/// Light, as a share of the bright tissue's, above which a pixel beside the retina is an overlay: text, a ruler, an arrow.
/// Neither noise nor the choroid's speckle is that bright.
const OVERLAY: f32 = 1.2;
/// Distance from the retina, in cells, up to which no pixel counts as an overlay.
const NEAR: usize = 3;

/// The retina of a scan, and its background.
pub(super) struct Retina {
    /// The noise floor, 0…255: the [`DARK`] quantile of the cells' means.
    pub(super) floor: f32,
    /// Median standard deviation of the pixels of cells at or below the floor.
    pub(super) noise: f32,
    /// Light of bright tissue: the [`BRIGHT`] quantile of the cells' means, less the floor.
    pub(super) bright: f32,
    /// Grey value above which a pixel beside the retina belongs to an overlay.
    pub(super) overlay_light: f32,
    /// First and last row (exclusive) of the retina, in pixels.
    pub(super) rows: [usize; 2],
    grid: Grid,
    /// For each cell, whether it is part of the retina.
    is_retina: Vec<bool>,
    /// For each cell, whether it is part of the retina or near it.
    is_near: Vec<bool>,
}

/// Cells of a scan.
struct Grid {
    cols: usize,
    rows: usize,
    /// The cell column of each pixel column, and the cell row of each pixel row.
    col_of: Vec<usize>,
    row_of: Vec<usize>,
}

impl Grid {
    fn new(width: usize, height: usize) -> Self {
        let (cols, rows) = (GRID[0].min(width), GRID[1].min(height));
        Self {
            cols,
            rows,
            col_of: (0..width).map(|x| x * cols / width).collect(),
            row_of: (0..height).map(|y| y * rows / height).collect(),
        }
    }

    fn len(&self) -> usize {
        self.cols * self.rows
    }

    fn cells(&self, scan: &Scan, foreign: &Foreign) -> Vec<Cell> {
        let mut cells = vec![Cell::default(); self.len()];
        let ends: Vec<usize> = (0..self.cols).map(|col| self.col_of.partition_point(|c| *c <= col)).collect();
        for (y, pixels) in scan.pixels.chunks_exact(scan.width).enumerate() {
            let is_foreign = foreign.row(y);
            let mut first = 0;
            for (cell, end) in cells[self.row_of[y] * self.cols..].iter_mut().zip(&ends) {
                // A row's part by itself, so that the inner loops have no memory to write to.
                let mut part = Cell::default();
                let pixels = &pixels[first..*end];
                match is_foreign {
                    None => pixels.iter().for_each(|value| part.add(*value)),
                    Some(is_foreign) => {
                        let both = pixels.iter().zip(&is_foreign[first..*end]);
                        both.filter(|(_, is_foreign)| !**is_foreign).for_each(|(value, _)| part.add(*value));
                    }
                }
                *cell = Cell { n: cell.n + part.n, sum: cell.sum + part.sum, squares: cell.squares + part.squares };
                first = *end;
            }
        }
        cells
    }

    /// A cell and the cells around it, `reach` to each side.
    fn around(&self, cell: usize, reach: usize) -> impl Iterator<Item = usize> + use<> {
        let (row, col, cols) = (cell / self.cols, cell % self.cols, self.cols);
        let rows = row.saturating_sub(reach)..(row + reach + 1).min(self.rows);
        let columns = col.saturating_sub(reach)..(col + reach + 1).min(self.cols);
        rows.flat_map(move |r| columns.clone().map(move |c| r * cols + c))
    }
}

/// The pixels of one cell that are not foreign.
#[derive(Clone, Copy, Default)]
struct Cell {
    n: u32,
    sum: u64,
    /// Of their squares.
    squares: u64,
}

impl Cell {
    fn add(&mut self, value: u8) {
        let value = u64::from(value);
        *self = Self { n: self.n + 1, sum: self.sum + value, squares: self.squares + value * value };
    }

    fn mean(&self) -> f32 {
        self.sum as f32 / self.n.max(1) as f32
    }

    fn deviation(&self) -> f32 {
        let n = self.n.max(1) as f32;
        (self.squares as f32 / n - self.mean().powi(2)).max(0.).sqrt()
    }
}

impl Retina {
    pub(super) fn find(scan: &Scan, foreign: &Foreign) -> Self {
        let grid = Grid::new(scan.width, scan.height);
        let cells = grid.cells(scan, foreign);
        let n_pixels = (scan.width * scan.height) as f32 / grid.len() as f32;
        let means: Vec<Option<f32>> =
            cells.iter().map(|cell| (cell.n as f32 >= MIN_FREE * n_pixels).then(|| cell.mean())).collect();
        let mut by_light: Vec<f32> = means.iter().flatten().copied().collect();
        let floor = quantile(&mut by_light, DARK);
        let bright = (quantile(&mut by_light, BRIGHT) - floor).max(1.);
        let is_dark = |(_, mean): &(&Cell, &Option<f32>)| mean.is_some_and(|mean| mean <= floor);
        let dark = cells.iter().zip(&means).filter(is_dark);
        let noise = quantile(&mut dark.map(|(cell, _)| cell.deviation()).collect::<Vec<_>>(), 0.5);

        let light = |cell: usize| Some((means[cell]? - floor).max(0.) / bright);
        let smooth = |cell: usize| {
            light(cell)?;
            let (mut sum, mut n) = (0., 0.);
            for near in grid.around(cell, 1) {
                if let Some(light) = light(near) {
                    sum += light;
                    n += 1.;
                }
            }
            Some(sum / n)
        };
        let smooth: Vec<f32> = (0..grid.len()).map(|cell| smooth(cell).unwrap_or(0.)).collect();
        let is_retina = largest_components(&grid, &smooth);
        let is_near = if is_retina.contains(&true) {
            (0..grid.len()).map(|cell| grid.around(cell, NEAR).any(|near| is_retina[near])).collect()
        } else {
            vec![true; grid.len()]
        };
        let has_retina = |row: &usize| {
            let cells = &is_retina[grid.row_of[*row] * grid.cols..][..grid.cols];
            cells.contains(&true)
        };
        let first = (0..scan.height).find(has_retina).unwrap_or(0);
        let last = (0..scan.height).rev().find(has_retina).map_or(scan.height, |row| row + 1);
        let overlay_light = floor + OVERLAY * bright;
        Self { floor, noise, bright, overlay_light, rows: [first, last], grid, is_retina, is_near }
    }

    /// Whether a pixel in this column and row is so near the retina that it belongs to no overlay.
    pub(super) fn is_near(&self, x: usize, y: usize) -> bool {
        self.is_near[self.grid.row_of[y] * self.grid.cols + self.grid.col_of[x]]
    }

    /// Whether a pixel in this column and row belongs to the retina.
    pub(super) fn contains(&self, x: usize, y: usize) -> bool {
        self.is_retina[self.grid.row_of[y] * self.grid.cols + self.grid.col_of[x]]
    }

    /// Noise as a share of the light of bright tissue.
    pub(super) fn relative_noise(&self) -> f32 {
        self.noise / self.bright
    }
}

/// Whether each cell is in a large connected component of bright cells: the largest one, or one above [`MIN_COMPONENT`].
fn largest_components(grid: &Grid, light: &[f32]) -> Vec<bool> {
    const NONE: usize = usize::MAX;
    let mut component_of = vec![NONE; grid.len()];
    let mut energies: Vec<f32> = Vec::new();
    let mut stack = Vec::new();
    for seed in 0..grid.len() {
        if light[seed] <= MIN_LIGHT || component_of[seed] != NONE {
            continue;
        }
        let component = energies.len();
        component_of[seed] = component;
        stack.push(seed);
        let mut energy = 0.;
        while let Some(cell) = stack.pop() {
            energy += light[cell] * light[cell];
            for near in grid.around(cell, 1) {
                if light[near] > MIN_LIGHT && component_of[near] == NONE {
                    component_of[near] = component;
                    stack.push(near);
                }
            }
        }
        energies.push(energy);
    }
    let most = energies.iter().copied().fold(0., f32::max);
    component_of.iter().map(|i| *i != NONE && energies[*i] >= MIN_COMPONENT * most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::tests::scan;

    fn find(pixel: impl Fn(usize, usize) -> u8) -> Retina {
        let scan = scan(320, 240, pixel);
        Retina::find(&scan, &Foreign::find(&scan))
    }

    /// Noise from a hash, 0…20.
    fn noise(x: usize, y: usize) -> u8 {
        (((x * 7919 + y * 104_729) ^ (x * y * 31)) % 21) as u8
    }

    fn retina(x: usize, y: usize) -> u8 {
        let top = 100 + x / 8;
        noise(x, y) + if (top..top + 40).contains(&y) { 120 } else { 30 }
    }

    #[test]
    fn floor_and_noise_are_those_of_the_background() {
        let found = find(retina);
        assert!((found.floor - 40.).abs() < 3., "{}", found.floor);
        assert!((found.noise - 6.).abs() < 1., "{}", found.noise);
        assert!((found.bright - 90.).abs() < 10., "{}", found.bright);
    }

    #[test]
    fn the_rows_hold_the_retina_from_its_highest_to_its_lowest_place() {
        let [first, last] = find(retina).rows;
        assert!(first <= 100 && last >= 180 && first >= 92 && last <= 188, "{first}…{last}");
        let found = find(retina);
        assert!(found.contains(160, 140) && !found.contains(160, 20) && !found.contains(20, 178), "a band that rises");
    }

    #[test]
    fn text_and_rulers_beside_the_retina_are_overlays_and_its_brightest_layer_is_not() {
        let is_ruler =
            |x: usize, y: usize| (20..22).contains(&x) && (180..230).contains(&y) || (20..70).contains(&x) && y == 229;
        let found = find(|x, y| if is_ruler(x, y) { 255 } else { retina(x, y) });
        assert!(!found.is_near(20, 225) && !found.is_near(60, 229) && found.overlay_light < 255., "a ruler");
        assert!(found.overlay_light > 60., "noise");
        assert!(found.is_near(160, 130), "retina");
        assert!(found.rows[1] <= 188, "the ruler moved the rows: {:?}", found.rows);
    }

    #[test]
    fn a_picture_without_light_has_no_retina_and_no_overlay() {
        let found = find(|_, _| 7);
        assert_eq!((found.rows, found.noise), ([0, 240], 0.));
        assert!(found.is_near(5, 5));
    }
}
