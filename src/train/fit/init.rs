//! The initial weights of a new model, seeded: candle's own initialisers cannot be seeded on CPUs.

use candle_core::{Device, Tensor, Var};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use crate::error::{Error, Result};

/// Sets every variable by its name and shape: He's normal for kernels (He et al. 2015), CLIP's for the text tower
/// and the attention pool (CLIP's `initialize_parameters`), zero for each bottleneck's last norm, so that blocks
/// start as the identity (Goyal et al. 2017).
///
/// # Errors
/// Names a variable that no rule covers.
pub fn initialize(variables: &mut [(String, Var)], text_layers: usize, seed: u64) -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // By name, so that weights do not depend on the order in which a hash map lists them.
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, var) in variables {
        var.set(&initial_value(name, var.dims(), text_layers, &mut rng, var.device())?)?;
    }
    Ok(())
}

fn initial_value(
    name: &str,
    dims: &[usize],
    text_layers: usize,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Result<Tensor> {
    let count: usize = dims.iter().product();
    let constant = |value: f32| Ok(Tensor::full(value, dims, device)?);
    let fan_in = dims.iter().skip(1).product::<usize>() as f64;
    let std = if name == "logit_scale" {
        return constant((1f32 / 0.07).ln());
    } else if name.ends_with("bias") || name.ends_with("running_mean") || name.ends_with("bn3.weight") && is_block(name)
    {
        return constant(0.);
    } else if name.ends_with("running_var") || dims.len() == 1 && name.ends_with("weight") {
        return constant(1.);
    } else if dims.len() == 4 {
        (2. / fan_in).sqrt()
    } else if name.contains("attnpool") {
        (if name.ends_with("positional_embedding") { dims[1] } else { dims[dims.len() - 1] } as f64).powf(-0.5)
    } else if name == "token_embedding.weight" {
        0.02
    } else if name == "positional_embedding" {
        0.01
    } else if name == "text_projection" {
        (dims[0] as f64).powf(-0.5)
    } else if name.ends_with("in_proj_weight") {
        fan_in.powf(-0.5)
    } else if name.ends_with("out_proj.weight") {
        fan_in.powf(-0.5) * (2. * text_layers as f64).powf(-0.5)
    } else if name.ends_with("c_fc.weight") {
        (2. * fan_in).powf(-0.5)
    } else if name.ends_with("c_proj.weight") {
        (fan_in / 4.).powf(-0.5) * (2. * text_layers as f64).powf(-0.5)
    } else if ["fc.weight", "fc1.weight", "fc2.weight"].iter().any(|n| name.ends_with(n)) {
        (2. / fan_in).sqrt()
    } else {
        return Err(Error::config(format!("there is no rule for the initial value of weight {name}")));
    };
    let normal = Normal::new(0., std).map_err(|e| Error::config(format!("weight {name}")).because(e))?;
    let values: Vec<f32> = (0..count).map(|_| normal.sample(rng) as f32).collect();
    Ok(Tensor::from_vec(values, dims, device)?)
}

fn is_block(name: &str) -> bool {
    name.contains(".layer")
}
