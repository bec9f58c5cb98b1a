"""The whole message of every kind of finding, as its case in test_every_kind makes it."""

MESSAGES = {
    "annotation_ids_out_of_range": (
        "raw.json: 1 annotation has an id below 0 or of over 63 bits, which readers can't "
        "load: annotation -7 (annotation_ids_out_of_range)\n    hint: "
        "reindex numbers them anew"
    ),
    "annotations_without_area": (
        "raw.json: 1 annotation has no area: annotation 2 (annotations_without_area)\n    hint: "
        "repair: area: recompute"
    ),
    "annotations_without_crowd_flag": (
        "raw.json: 1 annotation has no iscrowd, at which COCOeval of pycocotools stops: "
        "annotation 2 (annotations_without_crowd_flag)\n    hint: "
        "repair: crowd: fill"
    ),
    "annotations_without_box": (
        "raw.json: 1 annotation has no bbox: annotation 2 (annotations_without_box)\n    hint: "
        "repair: bbox: from_segmentation"
    ),
    "annotations_without_category": (
        "raw.json: 1 annotation has no category id: annotation 2 "
        "(annotations_without_category)\n    hint: "
        "give them one, or remove them"
    ),
    "annotations_without_id": (
        "raw.json: 1 annotation has no id: annotations[1]: id is missing "
        "(annotations_without_id)\n    hint: "
        "repair: ids: number gives them ids above the largest; so does reindex, as the first "
        "step below the input"
    ),
    "area_not_of_box": (
        "raw.json: 1 area is at odds with its box, without a segmentation: annotation 2: "
        "{'area': 7, 'w * h': 100} (area_not_of_box)\n    hint: "
        "repair: area: recompute"
    ),
    "area_not_of_segmentation": (
        "raw.json: 1 area is at odds with its segmentation: annotation 2: area 60, "
        "segmentation 100 (area_not_of_segmentation)\n    hint: "
        "repair: area: recompute"
    ),
    "areas_not_positive": (
        "raw.json: 1 area is 0 or less, and trainers skip such rows: annotation 2: -1 "
        "(areas_not_positive)\n    hint: "
        "repair: area: recompute"
    ),
    "areas_of_wrong_type": (
        "raw.json: 1 area is not numeric: annotation 2: {'area': 'wide'} "
        "(areas_of_wrong_type)\n    hint: "
        "write square pixels, or leave the key out; repair: area: to_numbers reads those in "
        "quotes, repair: area: recompute makes them anew"
    ),
    "bbox_not_of_segmentation": (
        "raw.json: 1 box is at odds with its segmentation: annotation 2: bbox [1, 2, 10, "
        "10], segmentation [21, 22, 10, 10] (bbox_not_of_segmentation)\n    hint: "
        "repair: bbox: from_segmentation"
    ),
    "boxes_as_corners": (
        "raw.json: 3 boxes look like x1 y1 x2 y2: as corners they fit their image or their "
        "area, as x y w h they don't: annotation 1: [30, 20, 60, 40]; annotation 2: [5, 5, 20, "
        "20]; annotation 3: [40, 30, 64, 48] (boxes_as_corners)\n    hint: "
        "write them as x, y, x2 - x1, y2 - y1"
    ),
    "boxes_normalised": (
        "raw.json: 2 boxes lie in 0..1, by place, sides or both, and images are larger: they look "
        "normalised: annotation 1: [0.1, 0.2, 0.3, 0.4]; annotation 2: [0.1, 0.2, 0.3, 0.4] "
        "(boxes_normalised)\n    hint: "
        "multiply them by their image's width and height"
    ),
    "boxes_of_no_area": (
        "raw.json: 1 box has a width or height of 0 or less: annotation 2: [1, 2, 10, -3] "
        "(boxes_of_no_area)\n    hint: "
        "repair: bbox: from_segmentation, for rows with a segmentation; else "
        "filter_annotations: no_area: drop"
    ),
    "boxes_of_wrong_type": (
        "raw.json: 1 box is not four numbers: annotation 2: {'bbox': [1, 2, 3]} "
        "(boxes_of_wrong_type)\n    hint: "
        "write x, y, width and height in pixels, or leave the key out; repair: bbox: "
        "to_numbers reads those in quotes, repair: bbox: from_segmentation makes them anew"
    ),
    "boxes_outside": (
        "raw.json: 1 box lies outside of its image: annotation 2: [1, 60, 10, 10] "
        "(boxes_outside)\n    hint: "
        "repair: bbox: from_segmentation, for rows with a segmentation; else "
        "filter_annotations: past_the_edge: drop"
    ),
    "boxes_past_the_edge": (
        "raw.json: 1 box reaches out of its image: annotation 2: [60, 2, 10, 10] "
        "(boxes_past_the_edge)\n    hint: "
        "repair: bbox: from_segmentation, for rows with a segmentation; else "
        "filter_annotations: past_the_edge: clip"
    ),
    "bytes_after_pictures": (
        "raw.json: 1 file goes on after the picture's end: image 2 ('2.jpg'): 512 bytes "
        "(bytes_after_pictures)\n    hint: "
        "save the pictures again"
    ),
    "categories_alike": (
        "raw.json: 1 category has the name of another but for case, blanks or Unicode form: "
        "category 2 ('Cat '): category 1 has 'cat' (categories_alike)\n    hint: "
        "map_categories: map: {<name>: <the other>} joins them"
    ),
    "categories_without_id": (
        "raw.json: 1 category has no id: categories[1] ('dog'): id is missing "
        "(categories_without_id)\n    hint: "
        "repair: ids: number gives them ids above the largest; so does reindex, as the first "
        "step below the input, with categories: 1"
    ),
    "category_keypoints_of_wrong_type": (
        "raw.json: 1 category has keypoints or a skeleton of a type that hotcoco can't load: "
        "category 2 ('dog'): skeleton[0][0] is \"head\" "
        "(category_keypoints_of_wrong_type)\n    hint: "
        "write keypoints as names in quotes and skeleton as pairs of whole numbers, or leave "
        "the key out"
    ),
    "category_ids_out_of_range": (
        "raw.json: 1 category has an id below 0 or of over 63 bits, which readers can't "
        "load: category -7 ('dog') (category_ids_out_of_range)\n    hint: "
        "reindex: categories: 1 numbers them anew"
    ),
    "category_keys_differ": (
        "all: 1 key of joined categories differs: the first data set's are kept: category "
        "'cat' of other: {'supercategory': 'pet'} (category_keys_differ)\n    hint: "
        "give the files equal ones"
    ),
    "checks_left_out": (
        "raw.json: 2 checks are left out without coco-recipe[augment]: pictures; "
        "segmentations (checks_left_out)\n    hint: "
        "pip install 'coco-recipe[augment]'"
    ),
    "classes_left_without_boxes": (
        "few: 1 class had boxes before and has none now: class 'cat' in 'dataset' "
        "(classes_left_without_boxes)\n    hint: "
        "drop the class (filter_categories), or loosen what took its boxes"
    ),
    "class_rows_missed": (
        "fitted: 1 class has the name of one of the checkpoint's but for case, blanks, underscores "
        "or Unicode form, and not its row: class 'cat': the checkpoint has 'Cat' "
        "(class_rows_missed)\n    hint: map: {<name>: <the checkpoint's>} takes the row"
    ),
    "classes_with_a_direction": (
        "more: 1 class has a direction in its name, and the pipeline mirrors pictures: class "
        "'arrow_left' (classes_with_a_direction)\n    hint: "
        "mirrored_categories: [[<left>, <right>]], or [] where none trades places"
    ),
    "crowd_flags": (
        "raw.json: 1 iscrowd is neither 0 nor 1: annotation 2: 3 (crowd_flags)\n    hint: "
        "set it to 0 or 1"
    ),
    "crowd_flags_of_wrong_type": (
        "raw.json: 1 iscrowd is no 0 or 1: annotation 2: {'iscrowd': 'yes'} "
        "(crowd_flags_of_wrong_type)\n    hint: "
        "write 0 or 1, or leave the key out; repair: crowd: to_numbers reads those in "
        "quotes, and null as 0"
    ),
    "crowds_with_polygons": (
        "raw.json: 1 crowd (iscrowd 1) has polygons, where COCO has a run-length mask: "
        "annotation 2 (crowds_with_polygons)\n    hint: "
        "leave them if your trainer ignores crowds; else set iscrowd to 0"
    ),
    "cut_off_pictures": (
        "raw.json: 1 picture ends too early or is damaged: image 2 ('2.jpg'): the JPEG file "
        "is cut off (cut_off_pictures)\n    hint: "
        "get them again, or drop their rows; augment: bad_images: quarantine goes on without "
        "them"
    ),
    "dangling_category_ids": (
        "raw.json: 1 annotation points to a category that is not in the file: annotation 2: "
        "category 44 (dangling_category_ids)\n    hint: "
        "add the category, or remove the rows"
    ),
    "dangling_image_ids": (
        "raw.json: 1 annotation points to an image that is not in the file: annotation 2: "
        "image 44 (dangling_image_ids)\n    hint: "
        "add the image, or remove the rows"
    ),
    "directions_turned": (
        "more: 1 class has a direction in its name, and the pipeline turns pictures upside "
        "down or on their side: class 'arrow_left' (directions_turned)\n    hint: "
        "leave the turning transform out where the direction is the picture's (an arrow); "
        "where it is the thing's own (a left hand), findings: {directions_turned: ignore}"
    ),
    "empty_category_names": (
        "raw.json: 1 category has an empty name: category 2 ('  ') "
        "(empty_category_names)\n    hint: "
        "give it a name"
    ),
    "equal_pictures": (
        "raw.json: 1 picture is equal to another, byte for byte: image 2 ('2.jpg'): equals "
        "'1.jpg' (equal_pictures)\n    hint: "
        "on two sides of a split they leak; the first of each stays: repair: equal_pictures: drop"
    ),
    "equal_pictures_across_parts": (
        "parts.train, parts.val: 1 picture is in another part, too, byte for byte: image 1 "
        "('1.jpg'): equals '2.jpg' (equal_pictures_across_parts)\n    hint: "
        "above the split, the first of each stays: repair: equal_pictures: drop"
    ),
    "equal_pictures_across_inputs": (
        "raw, other: 1 picture is equal to one of another input, byte for byte: image 1 "
        "('other1.jpg') of 'other': equals '1.jpg' of 'raw' "
        "(equal_pictures_across_inputs)\n    hint: "
        "keep one of them: on two sides of a split they leak"
    ),
    "file_names_alike": (
        "raw.json: 1 file name is another's but for case or Unicode form: some file systems "
        "have one file for both: image 2 ('1.JPG'): 1.jpg (file_names_alike)\n    hint: "
        "rename one of the files"
    ),
    "files_outside_the_step": (
        "mine: 1 file has appeared or changed outside of the step's folder while it was at work: "
        "out/mine.txt (files_outside_the_step)\n    hint: "
        "let the step write below ctx.workdir; if it was you who changed them, run it again"
    ),
    "limits_of_the_pipeline": (
        "more: 1 limit stands in a pipeline, where the step doesn't follow them: "
        "bbox_params.min_area: 90, and min_area_px is 0 (limits_of_the_pipeline)\n    hint: "
        "write them as parameters of the step: min_visibility, min_area_px, min_side_px"
    ),
    "links_out_of_the_folder": (
        "raw (images): 1 picture leads out of the folder of images, by links: 1.jpg: leads to "
        "/etc/passwd (links_out_of_the_folder)\n    hint: they lead to files below /etc; if you "
        "trust these, write into the input: follow_links: [/etc]"
    ),
    "little_room_on_disk": (
        "out: about 4.6 kB to write, 1.0 kB free: 1 step has too little room for what will be "
        "written: step 'more': about 4.6 kB (little_room_on_disk)\n    hint: "
        "make room, or write elsewhere (--out); a run that stops goes on from there"
    ),
    "filter_matches_nothing": (
        "few: 1 filter drops and changes nothing: step 'few' (filter_matches_nothing)\n    hint: "
        "check its parameters, or remove the step"
    ),
    "ids_of_wrong_type": (
        "raw.json: 1 id is missing or not whole: annotation 2: {'category_id': 'two'} "
        "(ids_of_wrong_type)\n    hint: "
        "write whole numbers, without quotes; repair: ids: to_int reads those in quotes"
    ),
    "image_ids_out_of_range": (
        "raw.json: 1 image has an id below 0 or of over 63 bits, which readers can't load: "
        "image -7 ('2.jpg') (image_ids_out_of_range)\n    hint: "
        "reindex numbers them anew"
    ),
    "ids_shared": (
        "all: 1 key is in no table and has numbers of an earlier merged data set: "
        "'camera_id' of other: 1 (ids_shared)\n    hint: "
        "merge: ids: {<key>: own} renumbers them, {<key>: shared} says that they mean the "
        "same; merge: tables says what they name"
    ),
    "images_without_id": (
        "raw.json: 1 image has no id: images[1] ('2.jpg'): id is missing "
        "(images_without_id)\n    hint: "
        "repair: ids: number gives them ids above the largest; so does reindex, as the first "
        "step below the input"
    ),
    "images_without_size": (
        "raw.json: 1 image has no width and height above 0: image 2 ('2.jpg'): 64 x 0 "
        "(images_without_size)\n    hint: "
        "repair: sizes: from_pictures"
    ),
    "keypoint_flags": (
        "raw.json: 1 keypoint has a flag other than 0, 1 and 2: annotation 2: [3] "
        "(keypoint_flags)\n    hint: "
        "write 0 (not labelled), 1 (hidden) or 2 (visible)"
    ),
    "keypoints_far_outside": (
        "raw.json: 1 annotation has a labelled keypoint far outside of its picture: "
        "annotation 2: [5, -700] (keypoints_far_outside)\n    hint: "
        "correct these rows, or set the keypoint to 0, 0, 0 (not labelled)"
    ),
    "keypoints_of_wrong_type": (
        "raw.json: 1 list of keypoints is something other than numbers, which hotcoco can't "
        'load: annotation 2: keypoints[2] is "2" (keypoints_of_wrong_type)\n    hint: '
        "write x, y, flag for each keypoint, or leave the key out"
    ),
    "keys_of_wrong_type": (
        "raw.json: 1 key (score, obb, is_group_of and others) is of a type that hotcoco "
        "can't load: category 2 ('dog'): frequency is 3 (keys_of_wrong_type)\n    hint: "
        "write a number (score), five (obb), 0 or 1 (is_group_of, isthing), a list of ids "
        "(neg_category_ids, not_exhaustive_category_ids) or a text (frequency), or leave the "
        "key out"
    ),
    "keypoints_of_wrong_number": (
        "raw.json: 1 list of keypoints is not three numbers (x, y, flag) for each name of "
        "its category: annotation 2: 3 numbers for 2 keypoints "
        "(keypoints_of_wrong_number)\n    hint: "
        "write x, y, flag for each keypoint, or correct the category's list"
    ),
    "licenses_of_wrong_type": (
        "raw.json: 1 image has a license that is no whole number from 0 up, of at most 64 "
        "bits, which hotcoco can't load: image 2 ('2.jpg'): CC-BY "
        "(licenses_of_wrong_type)\n    hint: "
        "repair: licenses: drop"
    ),
    "masks_of_another_size": (
        "raw.json: 1 run-length mask has a size other than its image's: annotation 2: 9x9 px "
        "in 64x48 px (masks_of_another_size)\n    hint: "
        "draw these masks again for the picture as it is, or drop them"
    ),
    "masks_with_wrong_runs": (
        "raw.json: 1 run-length mask has counts that don't sum to height * width, or can't "
        "be read: annotation 2: the runs of a mask of 48x64 sum to 7120, not to 3072 "
        "(masks_with_wrong_runs)\n    hint: "
        "write these masks again, or drop them"
    ),
    "licenses_unlisted": (
        "all: 1 image has a license that no merged data set lists in 'licenses': image 2 "
        "('2.jpg') of raw: 7 (licenses_unlisted)\n    hint: "
        "add the row to 'licenses', or repair: licenses: drop above"
    ),
    "merged_categories_alike": (
        "all: 1 category has the name of another but for case, blanks or Unicode form: "
        "category 'CAT': cat (merged_categories_alike)\n    hint: "
        "map_categories: map: {<name>: <the other>} joins them"
    ),
    "missing_pictures": (
        "raw.json (images, 3 images): 1 picture is not in the folder of images: image 2 "
        "('2.jpg') (missing_pictures)\n    hint: "
        "put them there, or drop their rows: repair: missing_pictures: drop"
    ),
    "names_of_wrong_type": (
        "raw.json: 1 name is missing or no text: image 2: {'file_name': 5} "
        "(names_of_wrong_type)\n    hint: "
        "write a text in quotes"
    ),
    "negative_but_there": (
        "one: 1 image has a box of a joined category that neg_category_ids says isn't there: "
        "image 2 ('2.jpg'): {'neg_category_ids': [1]} (negative_but_there)\n    hint: "
        "join other categories, or take the category out of the image's neg_category_ids"
    ),
    "no_boxes_left": (
        "few: 1 output has no box, and there were some before: 'dataset' (no_boxes_left)\n "
        "   hint: "
        "see what the step dropped (steps/<id>/dropped.jsonl), and loosen it"
    ),
    "no_categories": (
        "raw.json: 2 annotations have a category id, and the file has no category: "
        "annotation 1: category 1; annotation 2: category 2 (no_categories)\n    hint: "
        "list the categories in the file"
    ),
    "no_images_left": (
        "few: 1 output has no image: 'dataset' (no_images_left)\n    hint: "
        "see what the step dropped (steps/<id>/dropped.jsonl), and loosen it"
    ),
    "num_keypoints_of_wrong_type": (
        "raw.json: 1 annotation has a num_keypoints that is no whole number from 0 to "
        '4294967295, which hotcoco can\'t load: annotation 2: num_keypoints is "2" '
        "(num_keypoints_of_wrong_type)\n    hint: "
        "repair: num_keypoints: recompute"
    ),
    "num_keypoints_at_odds": (
        "raw.json: 1 num_keypoints is not the number of labelled keypoints: annotation 2: "
        "{'num_keypoints': 2, 'labelled': 1} (num_keypoints_at_odds)\n    hint: "
        "repair: num_keypoints: recompute"
    ),
    "pictures_turned_by_exif": (
        "raw.json: 1 picture is turned or mirrored by EXIF in a way that no size tells: image 2 "
        "('2.jpg'): orientation 3 (pictures_turned_by_exif)\n    hint: "
        "see whether boxes lie on the objects (coco-recipe show); where they were drawn on the "
        "stored picture, write the pictures again without EXIF"
    ),
    "pictures_of_16_bits": (
        "raw.json: 1 picture has more than 8 bits a channel: image 2 ('2.jpg'): 16 bits "
        "(pictures_of_16_bits)\n    hint: "
        "convert them to 8 bits: trainers cut them, each in its own way; augment: "
        "bad_images: quarantine goes on without them"
    ),
    "pictures_of_another_format": (
        "raw.json: 1 file name has the ending of another format: image 2 ('2.jpg'): is PNG "
        "(pictures_of_another_format)\n    hint: "
        "rename the files: some tools go by the ending"
    ),
    "pictures_of_cmyk": (
        "raw.json: 1 picture is CMYK, which decoders turn into RGB in different ways: image "
        "2 ('2.jpg') (pictures_of_cmyk)\n    hint: "
        "convert them to RGB"
    ),
    "pictures_of_several_frames": (
        "raw.json: 1 file holds more than one picture, of which the first is used: image 2 "
        "('2.jpg') (pictures_of_several_frames)\n    hint: "
        "write the frame that is meant into a file of its own"
    ),
    "pictures_with_alpha": (
        "raw.json: 1 picture has an alpha channel, which is left out: image 2 ('2.jpg') "
        "(pictures_with_alpha)\n    hint: "
        "lay them on a background first, if what is transparent matters"
    ),
    "polygons_of_huge_numbers": (
        "raw.json: 1 polygon has a vertex over 1,000,000 px away, which is in no picture: "
        "annotation 2: 1000000000.0 (polygons_of_huge_numbers)\n    hint: "
        "correct these rows or drop them"
    ),
    "polygons_of_no_area": (
        "raw.json: 1 segmentation has polygons of no area beside others: annotation 2: 1 of "
        "2 (polygons_of_no_area)\n    hint: "
        "repair: segmentations: drop_degenerate"
    ),
    "polygons_too_short": (
        "raw.json: 1 polygon has an odd number of coordinates or fewer than 6: annotation 2: "
        "5 numbers (polygons_too_short)\n    hint: "
        "repair: segmentations: drop_degenerate"
    ),
    "references_left_out": (
        "few: 1 parent is left out: no row of the list has the id that the key (parent_id) "
        "names: category 'dog': {'parent_id': 1} (references_left_out)\n    hint: "
        "keep the row that they name, or write another one into the file"
    ),
    "repeated_annotation_ids": (
        "raw.json: 2 annotations have an id that another has: annotation 1; annotation 1 "
        "(repeated_annotation_ids)\n    hint: "
        "reindex numbers them anew"
    ),
    "repeated_category_ids": (
        "raw.json: 2 categories have an id that another has: category 1 ('cat'); category 1 "
        "('dog') (repeated_category_ids)\n    hint: "
        "give each category its own id"
    ),
    "repeated_category_names": (
        "raw.json: 2 categories have the name of another: category 1 ('cat'); category 2 "
        "('cat') (repeated_category_names)\n    hint: "
        "give each its own name, or join them"
    ),
    "repeated_file_names": (
        "raw.json: 2 images have the file name of another: image 1 ('1.jpg'); image 2 "
        "('1.jpg') (repeated_file_names)\n    hint: "
        "keep one row for each file"
    ),
    "repeated_image_ids": (
        "raw.json: 2 images have an id that another has: image 1 ('1.jpg'); image 1 "
        "('2.jpg') (repeated_image_ids)\n    hint: "
        "give each image its own id"
    ),
    "repeated_keys": (
        "raw.json: 1 object has a key more than once, of which the last value counts: "
        "annotation 1: {'area': [100, 100]} (repeated_keys)\n    hint: "
        "keep the right one of each"
    ),
    "rows_of_wrong_type": (
        "raw.json: 1 row is something other than an object: images[3]: 7 "
        "(rows_of_wrong_type)\n    hint: "
        "remove them"
    ),
    "rows_that_stop_a_step": (
        "few: 1 row can't be taken by the step: annotation 2 on image 2 ('2.jpg'): reaches "
        "out of its image: [60, 2, 10, 10]; choose past_the_edge: clip or drop "
        "(rows_that_stop_a_step)\n    hint: "
        "correct them, or drop them above the step"
    ),
    "rows_that_trainers_skip": (
        "out: 1 row is skipped by mmdet (images under 32 px, boxes with a side under 1 px or "
        "an area of 0 or less): annotation 2 of 'all': [1, 2, 0.5, 10] "
        "(rows_that_trainers_skip)\n    hint: "
        "boxes: filter_annotations: min_side_px: 1, no_area: drop; repair: area: "
        "recompute; images: enlarge the "
        "pictures (augment, with A.SmallestMaxSize), or leave their rows out of the file"
    ),
    "segmentations_far_outside": (
        "raw.json: 1 segmentation has vertices far outside of its picture: annotation 2: x 1 "
        "to 5000, y 2 to 12 in 64x48 px (segmentations_far_outside)\n    hint: "
        "correct these rows or drop them: such numbers are no places in the picture"
    ),
    "segmentations_flat": (
        "raw.json: 1 segmentation is a flat list of numbers, where COCO has a list of "
        "polygons: annotation 2: [1, 2, 11, 2, 11, 12, 1, 12] (segmentations_flat)\n    hint: "
        "repair: segmentations: flat_to_list"
    ),
    "segmentations_of_no_area": (
        "raw.json: 1 segmentation has no area: annotation 2: [[1, 2, 11, 2, 5, 2]] "
        "(segmentations_of_no_area)\n    hint: "
        "repair: segmentations: drop_degenerate"
    ),
    "segmentations_of_pairs": (
        "raw.json: 1 segmentation is pairs of numbers, where COCO has flat polygons: "
        "annotation 2: [[[1, 2], [11, 2], [11, 12]]] (segmentations_of_pairs)\n    hint: "
        "repair: segmentations: pairs_to_list"
    ),
    "segmentations_of_texts": (
        'raw.json: 1 segmentation has numbers in quotes: annotation 2: [["1", "2", "11", '
        '"2", "11", "12"]] (segmentations_of_texts)\n    hint: '
        "repair: segmentations: to_numbers"
    ),
    "segmentations_of_unknown_form": (
        "raw.json: 1 segmentation is neither polygons nor a run-length mask: annotation 2: "
        '{"mask": "a.png"} (segmentations_of_unknown_form)\n    hint: '
        "correct these rows, or set segmentation to []"
    ),
    "segmentations_outside": (
        "raw.json: 1 segmentation lies outside of its picture: annotation 2: x 100 to 110, y "
        "2 to 12 in 64x48 px (segmentations_outside)\n    hint: "
        "filter_annotations: past_the_edge: drop"
    ),
    "segmentations_past_the_edge": (
        "raw.json: 1 segmentation reaches out of its picture: annotation 2: x 1 to 70, y 2 "
        "to 12 in 64x48 px (segmentations_past_the_edge)\n    hint: "
        "filter_annotations: past_the_edge: clip"
    ),
    "sizes_not_of_pictures": (
        "raw.json: 1 image has a size other than its picture's: image 2 ('2.jpg'): width and "
        "height are swapped: 64 x 48, the picture has 48 x 64 (sizes_not_of_pictures)\n    hint: "
        "repair: sizes: from_pictures"
    ),
    "sizes_of_wrong_type": (
        "raw.json: 1 size (width, height) is not whole: image 2 ('2.jpg'): {'width': 64.5} "
        "(sizes_of_wrong_type)\n    hint: "
        "write pixels, or leave the key out; repair: sizes: to_numbers reads those in "
        "quotes, repair: sizes: from_pictures takes the pictures'"
    ),
    "sizes_too_large": (
        "raw.json: 1 image has a width or height of over 4294967295 px, which hotcoco can't "
        "load: image 2 ('2.jpg'): width is 8589934592 (sizes_too_large)\n    hint: "
        "repair: sizes: from_pictures"
    ),
    "split_gives_up": (
        "parts: 1 demand (classes in every part, numbers of images) is given up: no division "
        "that was tried has them: class 'cat' in 'val': given up for the numbers of images: "
        "none of its 2 groups (split_gives_up)\n    hint: "
        "other fractions, fewer parts, or smaller groups (group_by); numbers of images come "
        "before classes"
    ),
    "texts_of_wrong_type": (
        "raw.json: 1 key of images (date_captured, coco_url, flickr_url) is no text: image 2 "
        "('2.jpg'): {'date_captured': 2021} (texts_of_wrong_type)\n    hint: "
        "repair: texts: to_text"
    ),
    "top_level_keys_differ": (
        "all: 1 top-level key of merged data sets is left out: the first one's are kept: "
        "'note' of other (top_level_keys_differ)\n    hint: "
        "give the files equal ones, or write the key in the first file"
    ),
    "unread_steps": (
        "ids: 1 step stands above the last published one unread: step 'ids' "
        "(reindex) (unread_steps)\n    hint: "
        "name it under 'in' of a later step, or remove it"
    ),
    "unreadable_pictures": (
        "raw.json: 1 picture can't be read: image 2 ('2.jpg'): is an HTML page, as a failed "
        "download leaves it (unreadable_pictures)\n    hint: "
        "get them again, or drop their rows; augment: bad_images: quarantine goes on without "
        "them"
    ),
    "unsafe_file_names": (
        "raw.json: 1 image has a file name that can't be used below a folder: image 2 "
        "('a/../../b.jpg'): leads out of the folder (unsafe_file_names)\n    hint: "
        "repair: file_names: {basename: true}"
    ),
    "unused_categories": (
        "raw.json: 1 category has no box: category 3 ('cow') (unused_categories)\n    hint: "
        "repair: categories: drop_unused"
    ),
    "leaking_pictures": (
        "look: 1 picture of one part is in another: equal, of one original, or showing the same: "
        "image 1 ('1.jpg') of 'val': image 2 ('2.jpg') of 'train': the same file "
        "(leaking_pictures)\n    hint: split: group_by keeps them in one part; or leave one of "
        "each pair out; allow: [[<one>, <other>]] for what is no leak"
    ),
    "pictures_alike": (
        "look: 1 picture of one part is like one of another, which doesn't fail the step: "
        "image 1 ('1.jpg') of 'val': image 2 ('2.jpg') of 'train': the same file "
        "(pictures_alike)\n    hint: split: group_by keeps them in one part; or leave one of "
        "each pair out; allow: [[<one>, <other>]] for what is no leak"
    ),
}
