namespace XLLM.Grains.Responses;

/// <summary>Responses whose time is over within the same hour. Key: <see cref="SweepPage"/>.</summary>
[Alias("xllm.response-sweep"), GrainInterfaceType("xllm.response-sweep")]
internal interface IResponseSweepGrain : IGrainWithStringKey
{
    /// <summary>Notes a response that is about to be stored. It is noted for good when this returns; one that is noted already stays so.</summary>
    /// <exception cref="Interfaces.RequestException">It cannot be stored now.</exception>
    [Alias("add")]
    Task AddAsync(string responseId);
}
