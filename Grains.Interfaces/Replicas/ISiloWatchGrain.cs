namespace XLLM.Grains.Interfaces.Replicas;

/// <summary>Says which silos are dead, to those who are outside the cluster. Stateless worker, so that it runs in a silo that the caller reaches; key: 0.</summary>
[Alias("xllm.silo-watch"), GrainInterfaceType("xllm.silo-watch")]
public interface ISiloWatchGrain : IGrainWithIntegerKey
{
    /// <summary>Which of these silos the membership calls dead.</summary>
    /// <param name="silos">Parsable addresses.</param>
    [Alias("find-dead")]
    Task<string[]> FindDeadAsync([Immutable] string[] silos);
}
