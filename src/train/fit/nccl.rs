//! Sums over ranks from GPU to GPU, by NCCL. Checked by the compiler only: no GPU has run it.

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::nccl::{Comm, Id, ReduceOp};
use candle_core::{CpuStorage, CudaStorage, CustomOp1, Device, Layout, Shape, Tensor};

use super::gradient_sum::DeviceSum;
use crate::error::{Error, Result};
use crate::train::ranks::{Ranks, of_first};

/// Ranks with a GPU each.
pub(super) struct Nccl(Comm);

impl Nccl {
    /// Connects the GPUs of `ranks`, of which `device` is this one's; none without a GPU.
    ///
    /// # Errors
    /// NCCL refuses, or some ranks have a GPU and others not.
    pub(super) fn connect(device: &Device, ranks: &dyn Ranks) -> Result<Option<Self>> {
        let refused = |e| Error::config(format!("NCCL cannot connect the GPUs of the processes: {e:?}"));
        let is_on_gpu = u8::from(device.is_cuda());
        if ranks.gather(&[is_on_gpu])?.iter().any(|other| other != &[is_on_gpu]) {
            return Err(Error::config("some processes use a GPU and others not: give all the same --device"));
        }
        let Device::Cuda(device) = device else { return Ok(None) };
        // All take part in what the first one has named.
        let named = match ranks.is_first() {
            true => Id::new().map_err(refused)?.internal().iter().map(|c| *c as u8).collect(),
            false => vec![],
        };
        let heard = of_first(&named, ranks)?;
        let mut name = [0; 128];
        name.iter_mut().zip(heard).for_each(|(c, byte)| *c = byte as _);
        let comm = Comm::from_rank(device.cuda_stream(), ranks.rank(), ranks.n_ranks(), Id::uninit(name));
        Ok(Some(Self(comm.map_err(refused)?)))
    }
}

impl DeviceSum for Nccl {
    fn sum(&self, tensor: &Tensor) -> Result<Tensor> {
        Ok(tensor.contiguous()?.apply_op1_no_bwd(&AllReduce(&self.0))?)
    }
}

struct AllReduce<'a>(&'a Comm);

impl CustomOp1 for AllReduce<'_> {
    fn name(&self) -> &'static str {
        "nccl-all-reduce"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        candle_core::bail!("NCCL is for GPUs")
    }

    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> candle_core::Result<(CudaStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("NCCL needs contiguous tensors")
        };
        let own = storage.as_cuda_slice::<f32>()?.slice(start..end);
        let device = storage.device();
        let mut sum = device.alloc_zeros::<f32>(end - start)?;
        if let Err(e) = self.0.all_reduce(&own, &mut sum, &ReduceOp::Sum) {
            candle_core::bail!("NCCL failed: {e:?}");
        }
        Ok((CudaStorage::wrap_cuda_slice(sum, device.clone()), layout.shape().clone()))
    }
}
