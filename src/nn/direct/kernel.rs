//! Which instructions convolutions are computed with.

/// Which instructions compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Kernel {
    /// All that this machine has, fastest first.
    pub(in crate::nn) fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(is_x86_feature_detected!("avx512f").then_some(Self::Avx512));
            let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            all.extend(has_avx2.then_some(Self::Avx2));
        }
        all.push(Self::Portable);
        all
    }

    pub(in crate::nn) fn best() -> Self {
        Self::available()[0]
    }
}
