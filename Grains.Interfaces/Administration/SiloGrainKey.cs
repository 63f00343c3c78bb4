namespace XLLM.Grains.Interfaces.Administration;

/// <summary>Keys of <see cref="ISiloGrain"/>.</summary>
public static class SiloGrainKey
{
    /// <summary>The key of a silo's grain.</summary>
    /// <param name="silo">Parsable address, with the silo's generation: a restarted silo is another one.</param>
    public static string Of(string silo) => $"{silo}/silo";
}
