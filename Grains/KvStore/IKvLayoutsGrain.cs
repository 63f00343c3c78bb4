namespace XLLM.Grains.KvStore;

/// <summary>Knows under which layouts blocks of a model are stored, so that those of old ones do not stay for ever. Key: model name.</summary>
[Alias("xllm.kv-layouts"), GrainInterfaceType("xllm.kv-layouts")]
internal interface IKvLayoutsGrain : IGrainWithStringKey
{
    /// <summary>A silo uses a layout. Those that nobody has used for a week are deleted.</summary>
    [Alias("open")]
    Task OpenAsync(string layout);
}
