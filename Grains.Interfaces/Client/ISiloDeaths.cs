namespace XLLM.Grains.Interfaces.Client;

/// <summary>Tells of dead silos where a process can know of them: in a member of the cluster. Who is outside sees calls that fail.</summary>
public interface ISiloDeaths
{
    /// <summary>The membership calls a silo dead; the parsable address of it. Raised once per silo, on a thread that must not be held up.</summary>
    event Action<string> Died;
}
