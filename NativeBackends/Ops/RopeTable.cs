namespace XLLM.NativeBackends.Ops;

/// <summary>How positions become rotation angles: what <see cref="IOps.RopeAngles"/> needs.</summary>
/// <param name="InverseFrequencies">F32 [1, rotated columns / 2], in backend memory; angle i of position p is p * InverseFrequencies[i], computed in F32.</param>
/// <param name="Scale">Factor on every cosine and sine (YaRN's attention factor); 1 for plain RoPE.</param>
/// <remarks>Source: Su et al. 2021 (arXiv:2104.09864); YaRN: Peng et al. 2023 (arXiv:2309.00071).</remarks>
public sealed record RopeTable(Tensor InverseFrequencies, float Scale);

/// <summary>Which columns of a head form a pair that rotates together.</summary>
public enum RopePairing
{
    /// <summary>Column i with column i + half: Llama, Qwen, as Hugging Face stores them.</summary>
    Halves = 0,

    /// <summary>Column 2i with column 2i + 1: DeepSeek's and GLM-4's stored order.</summary>
    Interleaved = 1,
}
